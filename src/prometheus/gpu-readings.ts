// Reads the utilisation of every GPU that DCGM shows: one query per metric, whatever the number of sessions (peers.md 5).
import type { Histogram } from 'prom-client';
import type { GpuSample } from '../domain/culling/gpu-state.ts';
import { createHttpClient, describeNetworkError } from '../http/http-client.ts';
import { type MatrixAnswer, type MatrixSeries, readMatrix } from './query-answer.ts';

export interface GpuReadingsOptions {
  readonly url: string;
  readonly requestTimeoutSeconds: number;
  /** The best first; a later one serves only pods that the earlier do not show. */
  readonly metrics: readonly string[];
  readonly duration?: Histogram<string> | undefined;
}

export interface PodReadings {
  readonly metric: string;
  readonly samples: readonly GpuSample[];
}

export interface GpuReadings {
  readonly of: (namespace: string, pod: string) => PodReadings | null;
  readonly newestAt: Date | null;
  /** Metrics that could not be read, with the reason. The next metric serves their pods; what none shows is `unknown`. */
  readonly faults: readonly { readonly metric: string; readonly fault: string }[];
}

export interface GpuReadingsSource {
  /** Never throws: what cannot be read is not there. */
  readonly read: (now: Date, windowSeconds: number) => Promise<GpuReadings>;
}

export const NO_READINGS: GpuReadings = { of: () => null, newestAt: null, faults: [] };

/** About 450,000 samples. */
const MAX_RESPONSE_BYTES = 10_000_000;
/** DCGM_FI_PROF_* are shares of 1, DCGM_FI_DEV_*_UTIL are percentages (peers.md 5.3). */
const toPercent = (metric: string, value: number): number => (metric.startsWith('DCGM_FI_PROF_') ? value * 100 : value);
const SENTINEL = 1e15;

export function createGpuReadings(options: GpuReadingsOptions): GpuReadingsSource {
  const client = createHttpClient({
    upstream: 'prometheus',
    baseUrl: options.url,
    timeoutSeconds: options.requestTimeoutSeconds,
    retries: 0,
    maxResponseBytes: MAX_RESPONSE_BYTES,
    duration: options.duration,
  });
  const query = async (metric: string, now: Date, windowSeconds: number): Promise<MatrixAnswer> => {
    const form = new URLSearchParams({
      query: `${metric}[${Math.ceil(windowSeconds)}s]`,
      time: (now.getTime() / 1000).toFixed(3),
    });
    try {
      const response = await client.post<string>('/api/v1/query', form);
      return readMatrix(response.status, response.data);
    } catch (error) {
      return { ok: false, fault: describeNetworkError(error) };
    }
  };
  return {
    async read(now, windowSeconds) {
      const answers = await Promise.all(
        options.metrics.map(async (metric) => ({ metric, answer: await query(metric, now, windowSeconds) })),
      );
      return joinMetrics(answers);
    },
  };
}

function joinMetrics(answers: readonly { readonly metric: string; readonly answer: MatrixAnswer }[]): GpuReadings {
  const pods = new Map<string, PodReadings>();
  let newest = Number.NEGATIVE_INFINITY;
  for (const { metric, answer } of answers) {
    if (!answer.ok) continue;
    for (const [pod, samples] of samplesByPod(metric, answer.series)) {
      if (!pods.has(pod)) pods.set(pod, { metric, samples });
      for (const sample of samples) newest = Math.max(newest, sample.at.getTime());
    }
  }
  return {
    of: (namespace, pod) => pods.get(podKey(namespace, pod)) ?? null,
    newestAt: Number.isFinite(newest) ? new Date(newest) : null,
    faults: answers.flatMap(({ metric, answer }) => (answer.ok ? [] : [{ metric, fault: answer.fault }])),
  };
}

/** Pods without a single usable number are not in it: the next metric may know them. */
function samplesByPod(metric: string, all: readonly MatrixSeries[]): ReadonlyMap<string, readonly GpuSample[]> {
  const pods = new Map<string, GpuSample[]>();
  for (const { metric: labels, values } of all) {
    const pod = podOf(labels);
    if (pod === null) continue;
    const gpu = gpuOf(labels);
    const samples = values.flatMap(([seconds, text]): GpuSample[] => {
      const value = Number(text);
      const usable = text !== '' && value >= 0 && value < SENTINEL;
      return usable ? [{ gpu, at: new Date(seconds * 1000), percent: toPercent(metric, value) }] : [];
    });
    if (samples.length > 0) pods.set(pod, [...(pods.get(pod) ?? []), ...samples]);
  }
  return pods;
}

const podKey = (namespace: string, pod: string): string => `${namespace}/${pod}`;

/** With honorLabels false `pod` is the exporter's own and the workload is `exported_pod` (gpu-operator's default, peers.md 5.3). */
function podOf(labels: Readonly<Record<string, string>>): string | null {
  const exported = labels['exported_pod'];
  const pod = exported ? exported : labels['pod'];
  const namespace = exported ? labels['exported_namespace'] : labels['namespace'];
  return pod && namespace ? podKey(namespace, pod) : null;
}

/** A card, or an instance of it (MIG). Not by all labels: replicas of Prometheus add their own. */
function gpuOf(labels: Readonly<Record<string, string>>): string {
  const card = labels['UUID'] || `${labels['Hostname'] ?? ''}/${labels['gpu'] ?? ''}`;
  return labels['GPU_I_ID'] ? `${card}/${labels['GPU_I_ID']}` : card;
}
