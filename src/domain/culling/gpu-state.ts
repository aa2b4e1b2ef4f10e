// Decides the GPU state of a session from the readings of its GPUs: only complete evidence makes a GPU `idle`.

export type GpuState = 'busy' | 'idle' | 'unknown' | 'none';
export const GPU_STATES = ['busy', 'idle', 'unknown', 'none'] as const satisfies readonly GpuState[];

export interface GpuSample {
  /** Which of the pod's GPUs; the same name from two Prometheus replicas. */
  readonly gpu: string;
  readonly at: Date;
  /** Utilisation, 0 to 100. */
  readonly percent: number;
}

export interface GpuFacts {
  /** GPUs that the session holds; 0: none. */
  readonly gpuCount: number;
  /** Where the samples come from; null when nothing was read. */
  readonly metric: string | null;
  readonly samples: readonly GpuSample[];
  readonly now: Date;
  /** Start of the server: pod names are used again (peers.md 5.1), so older samples are another session's. */
  readonly startedAt: Date | null;
  readonly windowSeconds: number;
  /** How often the exporter is scraped. */
  readonly expectedIntervalSeconds: number;
  /** Up to this a GPU counts as idle. */
  readonly thresholdPercent: number;
}

export interface GpuEvidence {
  readonly metric: string | null;
  /** Samples of the GPU with the fewest. */
  readonly seen: number;
  readonly expected: number;
  /** Highest sample of any GPU in the window; null without one. */
  readonly peakPercent: number | null;
  /** The window that was judged: clamped to the start. */
  readonly windowSeconds: number;
}

export interface GpuVerdict {
  readonly state: GpuState;
  readonly evidence: GpuEvidence;
}

const ENOUGH_SHARE = 0.8;
/** Fewer say nothing, whatever share of the expected they are. */
const FEWEST_SAMPLES = 3;
const LATE_INTERVALS = 3;
/** Scrape, evaluation and query take their time, however short the interval. */
const LATEST_SECONDS = 5;
/** DCGM writes 9223372036854775794 for what a card cannot measure (peers.md 5.3). */
const SENTINEL = 1e15;

/**
 * `busy` when one GPU was above the threshold once in the window; `idle` when every GPU has at least 80 % of its samples, the newest are fresh and none is above;
 * else `unknown`: a gap, a missing GPU or a lie never makes a GPU idle.
 */
export function classifyGpu(facts: GpuFacts): GpuVerdict {
  const windowSeconds = clampWindow(facts);
  const expected = Math.floor(windowSeconds / facts.expectedIntervalSeconds);
  const byGpu = Map.groupBy(usableSamples(facts, windowSeconds), (sample) => sample.gpu);
  const series = [...byGpu.values()];
  const counts = series.map((samples) => countScrapes(samples, facts.expectedIntervalSeconds));
  const peaks = series.map((samples) => Math.max(...samples.map((sample) => sample.percent)));
  const complete = series.length > 0 && series.length >= facts.gpuCount;
  const evidence: GpuEvidence = {
    metric: facts.metric,
    seen: complete ? Math.min(...counts) : 0,
    expected,
    peakPercent: peaks.length > 0 ? Math.max(...peaks) : null,
    windowSeconds,
  };
  if (facts.gpuCount === 0) return { state: 'none', evidence };
  if (evidence.peakPercent !== null && evidence.peakPercent > facts.thresholdPercent)
    return { state: 'busy', evidence };
  const enough = complete && evidence.seen >= Math.max(FEWEST_SAMPLES, expected * ENOUGH_SHARE);
  const fresh = series.every((samples) => isFresh(samples, facts));
  return { state: enough && fresh ? 'idle' : 'unknown', evidence };
}

function clampWindow({ now, startedAt, windowSeconds }: GpuFacts): number {
  if (startedAt === null) return 0;
  return Math.max(0, Math.min(windowSeconds, (now.getTime() - startedAt.getTime()) / 1000));
}

/** Drops what is outside the window, another session's, or no utilisation at all. */
function usableSamples({ samples, now }: GpuFacts, windowSeconds: number): readonly GpuSample[] {
  const from = now.getTime() - windowSeconds * 1000;
  return samples.filter(
    ({ at, percent }) => at.getTime() > from && at.getTime() <= now.getTime() && percent >= 0 && percent < SENTINEL,
  );
}

/** Samples closer than three quarters of an interval are one scrape seen twice (Prometheus replicas, jitter). */
function countScrapes(samples: readonly GpuSample[], intervalSeconds: number): number {
  const times = samples.map((sample) => sample.at.getTime()).sort((left, right) => left - right);
  let counted = 0;
  let last = Number.NEGATIVE_INFINITY;
  for (const time of times) {
    if (time - last < intervalSeconds * 750) continue;
    counted += 1;
    last = time;
  }
  return counted;
}

function isFresh(samples: readonly GpuSample[], { now, expectedIntervalSeconds }: GpuFacts): boolean {
  const newest = Math.max(...samples.map((sample) => sample.at.getTime()));
  const limitSeconds = Math.max(expectedIntervalSeconds * LATE_INTERVALS, LATEST_SECONDS);
  return now.getTime() - newest <= limitSeconds * 1000;
}
