// The same client and the same PromQL against Debian's Prometheus, which scrapes an exporter that speaks as NVIDIA's does, in both honorLabels forms.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classifyGpu } from '../../../src/domain/culling/gpu-state.ts';
import { createGpuReadings, type GpuReadingsSource } from '../../../src/prometheus/gpu-readings.ts';
import { freePort } from '../../../src/runtime/free-port.ts';
import { startPrometheusSimulator } from '../../simulators/prometheus/prometheus-simulator.ts';
import { eventually } from '../../support/eventually.ts';

const BINARY = '/usr/bin/prometheus';
const missing = !existsSync(BINARY);
if (missing && process.env['CI'] !== 'true')
  process.stderr.write(
    `${BINARY} is not installed (apt-get install prometheus): the tests with the real one are skipped.\n`,
  );

const METRICS = ['DCGM_FI_PROF_GR_ENGINE_ACTIVE', 'DCGM_FI_DEV_GPU_UTIL'];
const WINDOW_SECONDS = 6;
const SENTINEL = '9223372036854775794';

/** metric, pod, gpu, value: as dcgm-exporter writes them with DCGM_EXPORTER_KUBERNETES=true. */
const READINGS: readonly (readonly [string, string, number, string])[] = [
  ['DCGM_FI_PROF_GR_ENGINE_ACTIVE', 'prof-busy', 0, '0.75'],
  ['DCGM_FI_DEV_GPU_UTIL', 'prof-busy', 0, '0'],
  ['DCGM_FI_DEV_GPU_UTIL', 'util-idle', 0, '1'],
  ['DCGM_FI_DEV_GPU_UTIL', 'two-gpus', 0, '0'],
  ['DCGM_FI_DEV_GPU_UTIL', 'two-gpus', 1, '40'],
  ['DCGM_FI_PROF_GR_ENGINE_ACTIVE', 'nan-then-util', 0, 'NaN'],
  ['DCGM_FI_DEV_GPU_UTIL', 'nan-then-util', 0, '0'],
  ['DCGM_FI_DEV_GPU_UTIL', 'infinite', 0, '+Inf'],
  ['DCGM_FI_DEV_GPU_UTIL', 'sentinel', 0, SENTINEL],
];

function exposition(namespace: string): string {
  const line = ([metric, pod, gpu, value]: (typeof READINGS)[number]): string =>
    `${metric}{gpu="${gpu}",UUID="GPU-${pod}-${gpu}",device="nvidia${gpu}",modelName="NVIDIA H100",Hostname="node-1",container="notebook",namespace="${namespace}",pod="${pod}"} ${value}`;
  const ofMetric = (metric: string): string[] => [
    `# HELP ${metric} A reading.`,
    `# TYPE ${metric} gauge`,
    ...READINGS.filter((reading) => reading[0] === metric).map(line),
    // A card that no pod has: labels empty (older exporters) or absent.
    `${metric}{gpu="7",UUID="GPU-free-7",container="",namespace="",pod=""} 99`,
    `${metric}{gpu="6",UUID="GPU-free-6"} 99`,
  ];
  return `${METRICS.flatMap(ofMetric).join('\n')}\n`;
}

describe.skipIf(missing && process.env['CI'] !== 'true')('GPU readings from a real Prometheus', () => {
  let folder: string;
  let exporter: Server;
  let prometheus: ChildProcess;
  let url: string;
  let source: GpuReadingsSource;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'coursehub-prometheus-'));
    exporter = createServer((request, response) => {
      response.setHeader('Content-Type', 'text/plain; version=0.0.4');
      response.end(exposition(request.url === '/plain' ? 'plain' : 'exported'));
    });
    await new Promise<void>((resolve) => exporter.listen(0, '127.0.0.1', resolve));
    const target = `127.0.0.1:${(exporter.address() as AddressInfo).port}`;
    const job = (name: string, honor: boolean): string => `
  - job_name: ${name}
    metrics_path: /${name}
    honor_labels: ${honor}
    static_configs: [{ targets: ['${target}'], labels: { namespace: gpu-operator, pod: dcgm-exporter-x7k2p, container: dcgm-exporter } }]`;
    writeFileSync(
      path.join(folder, 'prometheus.yml'),
      `global: { scrape_interval: 1s }\nscrape_configs:${job('plain', true)}${job('exported', false)}\n`,
    );
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    prometheus = spawn(
      BINARY,
      ['--config.file=prometheus.yml', '--storage.tsdb.path=data', `--web.listen-address=127.0.0.1:${port}`],
      { cwd: folder, stdio: 'ignore' },
    );
    source = createGpuReadings({ url, requestTimeoutSeconds: 5, metrics: METRICS });
    await eventually(async () => (await fetch(`${url}/-/ready`)).ok, 'Prometheus is ready', 30_000);
    await eventually(
      async () =>
        (await stateOf('plain', 'util-idle', 1)) === 'idle' && (await stateOf('exported', 'util-idle', 1)) === 'idle',
      'enough scrapes',
      30_000,
    );
  });
  afterAll(async () => {
    if (prometheus?.exitCode === null) {
      const ended = new Promise((resolve) => prometheus.once('exit', resolve));
      prometheus.kill('SIGTERM');
      await ended;
    }
    exporter?.closeAllConnections();
    exporter?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  async function stateOf(namespace: string, pod: string, gpuCount: number): Promise<string> {
    const now = new Date();
    const readings = (await source.read(now, WINDOW_SECONDS)).of(namespace, pod);
    return classifyGpu({
      gpuCount,
      metric: readings?.metric ?? null,
      samples: readings?.samples ?? [],
      now,
      startedAt: new Date(now.getTime() - 3_600_000),
      windowSeconds: WINDOW_SECONDS,
      expectedIntervalSeconds: 1,
      thresholdPercent: 2,
    }).state;
  }

  describe.each(['plain', 'exported'])('with %s labels', (namespace) => {
    it.each([
      ['prof-busy', 1, 'busy'],
      ['util-idle', 1, 'idle'],
      ['two-gpus', 2, 'busy'],
      ['nan-then-util', 1, 'idle'],
      ['infinite', 1, 'unknown'],
      ['sentinel', 1, 'unknown'],
      ['nowhere', 1, 'unknown'],
    ])('%s', async (pod, gpuCount, state) => {
      expect(await stateOf(namespace, pod, gpuCount)).toBe(state);
    });
  });

  it('takes the better metric where both are', async () => {
    const readings = await source.read(new Date(), WINDOW_SECONDS);
    expect(readings.faults).toEqual([]);
    expect(readings.of('exported', 'prof-busy')).toMatchObject({ metric: METRICS[0] });
    expect(readings.of('exported', 'prof-busy')?.samples[0]).toMatchObject({ percent: 75 });
    expect(readings.of('exported', 'nan-then-util')).toMatchObject({ metric: METRICS[1] });
    expect(
      readings.of('gpu-operator', 'dcgm-exporter-x7k2p')?.samples.every(({ gpu }) => gpu.startsWith('GPU-free')),
    ).toBe(true);
  });

  it('and the simulator answer alike: the query, and a query that they do not take', async () => {
    const simulator = await startPrometheusSimulator({ scrapeIntervalSeconds: 1 });
    try {
      for (const labels of ['plain', 'exported'] as const) {
        simulator.labels = labels;
        simulator.setGpu(labels, 'util-idle', 'idle');
        await eventually(async () => {
          const [real, simulated] = await Promise.all([shapeOf(url, labels), shapeOf(simulator.url, labels)]);
          expect(simulated).toEqual(real);
          return true;
        }, `the same shape with ${labels} labels`);
      }
      const wrong = { query: 'DCGM_FI_DEV_GPU_UTIL[', time: String(Date.now() / 1000) };
      const [real, simulated] = await Promise.all([ask(url, wrong), ask(simulator.url, wrong)]);
      expect([simulated.status, simulated.body.status, simulated.body.errorType]).toEqual([
        real.status,
        real.body.status,
        real.body.errorType,
      ]);
    } finally {
      await simulator.stop();
    }
  });
});

interface Answer {
  readonly status: number;
  readonly body: {
    readonly status: string;
    readonly errorType?: string;
    readonly data?: {
      readonly resultType: string;
      readonly result: readonly { readonly metric: Record<string, string>; readonly values: readonly unknown[][] }[];
    };
  };
}

async function ask(url: string, form: Record<string, string>): Promise<Answer> {
  const response = await fetch(`${url}/api/v1/query`, { method: 'POST', body: new URLSearchParams(form) });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

/** Names of the labels and types of the values of one pod's series. */
async function shapeOf(url: string, namespace: string): Promise<unknown> {
  const { status, body } = await ask(url, { query: 'DCGM_FI_DEV_GPU_UTIL[6s]', time: String(Date.now() / 1000) });
  const series = body.data?.result.find(
    ({ metric }) =>
      (metric['exported_pod'] ?? metric['pod']) === 'util-idle' && Object.values(metric).includes(namespace),
  );
  if (!series) throw new Error('the pod is not there yet');
  return {
    status,
    type: body.data?.resultType,
    labels: Object.keys(series.metric).sort(),
    value: series.values[0]?.map((part) => typeof part),
  };
}
