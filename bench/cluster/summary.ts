// What the runs of the cluster bench say together: medians, and the ratio with coursehub to without.

/** One class of 200 that started. All seconds. */
export interface RunFigures {
  readonly wallSeconds: number;
  readonly hubCpuSeconds: number;
  readonly proxyCpuSeconds: number;
  /** 0 without coursehub. */
  readonly coursehubCpuSeconds: number;
  /** PostgreSQL of coursehub; 0 without. */
  readonly databaseCpuSeconds: number;
  /** apiserver, etcd, scheduler, controller manager and kwok. */
  readonly controlPlaneCpuSeconds: number;
  /** What the machine did beside the bench: near 0 on a quiet one. */
  readonly elsewhereCpuSeconds: number;
  /** Of all CPUs together, 0 to 1, by whomever. */
  readonly machineBusyShare: number;
}

export interface Pair {
  readonly with: RunFigures;
  readonly without: RunFigures;
}

/** `ratio` is the median of the pairs' ratios: the halves of a pair ran next to each other, under much the same load of the machine. */
export function summarise(pairs: readonly Pair[]): Readonly<Record<string, unknown>> {
  const side = (pick: (pair: Pair) => RunFigures) => {
    const runs = pairs.map(pick);
    const of = (figure: keyof RunFigures): number => rounded(median(runs.map((run) => run[figure])));
    return {
      wallSeconds: of('wallSeconds'),
      hubCpuSeconds: of('hubCpuSeconds'),
      proxyCpuSeconds: of('proxyCpuSeconds'),
      coursehubCpuSeconds: of('coursehubCpuSeconds'),
      databaseCpuSeconds: of('databaseCpuSeconds'),
      controlPlaneCpuSeconds: of('controlPlaneCpuSeconds'),
      elsewhereCpuSeconds: of('elsewhereCpuSeconds'),
      machineBusyShare: of('machineBusyShare'),
    };
  };
  const ratios = pairs.map((pair) => pair.with.wallSeconds / pair.without.wallSeconds);
  return {
    bench: 'cluster',
    ratio: rounded(median(ratios), 3),
    ratios: ratios.map((ratio) => rounded(ratio, 3)),
    with: side((pair) => pair.with),
    without: side((pair) => pair.without),
  };
}

/** Of an odd or even number of values; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const [low = Number.NaN, high = low] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  return (low + high) / 2;
}

export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));
