// Answers /api/v1/query as Prometheus 2.42 does, for exactly the queries that coursehub sends: <metric>[<seconds>s].
import type { GpuHistory, SimulatedPod } from './gpu-history.ts';

export type LabelForm = 'plain' | 'exported';

export interface QueryAnswer {
  readonly status: number;
  readonly body: object;
}

const METRICS = ['DCGM_FI_PROF_GR_ENGINE_ACTIVE', 'DCGM_FI_DEV_GPU_UTIL'];

/** @param form the body of the POST. */
export function answerQuery(history: GpuHistory, labels: LabelForm, form: URLSearchParams): QueryAnswer {
  const query = form.get('query') ?? '';
  const time = Number(form.get('time') ?? Number.NaN);
  const [, metric = '', seconds = ''] = /^([A-Z_]+)\[(\d+)s\]$/.exec(query) ?? [];
  if (!Number.isFinite(time)) return badData(`invalid parameter "time": cannot parse "${form.get('time')}"`);
  if (!METRICS.includes(metric) || Number(seconds) <= 0)
    return badData(`invalid parameter "query": this simulator only knows <${METRICS.join('|')}>[<n>s]`);
  const result = history.pods().flatMap((pod) => {
    const samples = history.samples(pod, time - Number(seconds), time);
    if (samples.length === 0) return [];
    return Array.from({ length: pod.gpus }, (_, index) => ({
      metric: labelsOf(pod, metric, labels, index),
      values: samples.map(([at, percent]) => [at, String(metric.startsWith('DCGM_FI_PROF') ? percent / 100 : percent)]),
    }));
  });
  return { status: 200, body: { status: 'success', data: { resultType: 'matrix', result } } };
}

const badData = (error: string): QueryAnswer => ({
  status: 400,
  body: { status: 'error', errorType: 'bad_data', error },
});

/** Labels of dcgm-exporter on Kubernetes, with honorLabels true (`plain`) or false (`exported`): peers.md 5.3. */
function labelsOf(
  { namespace, pod }: SimulatedPod,
  metric: string,
  form: LabelForm,
  index: number,
): Record<string, string> {
  const device = {
    __name__: metric,
    gpu: String(index),
    UUID: `GPU-${namespace}-${pod}-${index}`,
    device: `nvidia${index}`,
    modelName: 'NVIDIA H100 80GB HBM3',
    Hostname: 'node-1',
    instance: '10.0.0.7:9400',
    job: 'dcgm-exporter',
  };
  if (form === 'plain') return { ...device, namespace, pod, container: 'notebook' };
  return {
    ...device,
    namespace: 'gpu-operator',
    pod: 'dcgm-exporter-x7k2p',
    container: 'dcgm-exporter',
    exported_namespace: namespace,
    exported_pod: pod,
    exported_container: 'notebook',
  };
}
