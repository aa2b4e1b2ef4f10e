// The simulated GPUs: what each one did when, and the samples that Prometheus would have scraped meanwhile.

export const GPU_BEHAVIOURS = ['busy', 'idle', 'silent'] as const;
/** `silent`: the exporter shows nothing (DCGM down, no pod labels). */
export type GpuBehaviour = (typeof GPU_BEHAVIOURS)[number];

export interface SimulatedPod {
  readonly namespace: string;
  readonly pod: string;
  /** Cards of the pod; all behave alike. */
  readonly gpus: number;
  readonly state: GpuBehaviour;
  readonly since: Date;
}

export interface GpuHistory {
  readonly set: (namespace: string, pod: string, state: GpuBehaviour, gpus: number) => void;
  readonly pods: () => readonly SimulatedPod[];
  /** Samples of a pod in (from, to], as [seconds, percent]. */
  readonly samples: (
    pod: SimulatedPod,
    fromSeconds: number,
    toSeconds: number,
  ) => readonly (readonly [number, number])[];
}

interface Change {
  readonly at: number;
  readonly state: GpuBehaviour;
}

/** @param now seconds since 1970. Samples lie on the grid of the scrape interval, as a scraper's do. */
export function createGpuHistory(scrapeIntervalSeconds: number, now: () => number): GpuHistory {
  const pods = new Map<string, { namespace: string; pod: string; gpus: number; changes: Change[] }>();
  const keyOf = (namespace: string, pod: string): string => `${namespace}/${pod}`;
  const stateAt = (changes: readonly Change[], at: number): GpuBehaviour =>
    changes.findLast((change) => change.at <= at)?.state ?? 'silent';

  return {
    set(namespace, pod, state, gpus) {
      const known = pods.get(keyOf(namespace, pod)) ?? { namespace, pod, gpus, changes: [] };
      known.gpus = gpus;
      if (known.changes.at(-1)?.state !== state) known.changes.push({ at: now(), state });
      pods.set(keyOf(namespace, pod), known);
    },
    pods: () =>
      [...pods.values()].map(({ namespace, pod, gpus, changes }) => {
        const last = changes.at(-1) ?? { at: 0, state: 'silent' as const };
        return { namespace, pod, gpus, state: last.state, since: new Date(last.at * 1000) };
      }),
    samples({ namespace, pod }, fromSeconds, toSeconds) {
      const changes = pods.get(keyOf(namespace, pod))?.changes ?? [];
      const samples: [number, number][] = [];
      const first = Math.floor(Math.max(fromSeconds, changes[0]?.at ?? toSeconds) / scrapeIntervalSeconds);
      for (let step = first; step * scrapeIntervalSeconds <= Math.min(toSeconds, now()); step += 1) {
        const at = step * scrapeIntervalSeconds;
        const state = stateAt(changes, at);
        if (at > fromSeconds && state !== 'silent') samples.push([at, state === 'busy' ? busyPercent(step) : 0]);
      }
      return samples;
    },
  };
}

/** A training run: between 60 and 98 %, the same at every question. */
const busyPercent = (step: number): number => Math.round(79 + 19 * Math.sin(step / 5));
