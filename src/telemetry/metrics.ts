// Prometheus metrics of one process: a registry of its own, never the global one. Names: coursehub_<subsystem>_<noun>_<unit>[_total].
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Closed label sets: every combination is created at zero, so that a rate never misses the first event. */
type LabelSets<Name extends string> = Readonly<Record<Name, readonly string[]>>;

export interface Metrics {
  readonly registry: Registry;
  readonly counter: <Name extends string>(name: string, help: string, labels: LabelSets<Name>) => Counter<Name>;
  readonly gauge: <Name extends string>(name: string, help: string, labels: LabelSets<Name>) => Gauge<Name>;
  readonly histogram: (
    name: string,
    help: string,
    labelNames: readonly string[],
    buckets: readonly number[],
  ) => Histogram<string>;
}

export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'coursehub_build_info',
    help: 'Always 1; the version is a label.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1);
  return {
    registry,
    counter(name, help, labels) {
      const counter = new Counter({ name, help, labelNames: namesOf(labels), registers: [registry] });
      for (const combination of combinations(labels)) counter.inc(combination, 0);
      return counter;
    },
    gauge(name, help, labels) {
      const gauge = new Gauge({ name, help, labelNames: namesOf(labels), registers: [registry] });
      for (const combination of combinations(labels)) gauge.set(combination, 0);
      return gauge;
    },
    histogram(name, help, labelNames, buckets) {
      return new Histogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers: [registry] });
    },
  };
}

const namesOf = <Name extends string>(labels: LabelSets<Name>): Name[] => Object.keys(labels) as Name[];

function combinations<Name extends string>(labels: LabelSets<Name>): Record<Name, string>[] {
  let all: Record<string, string>[] = [{}];
  for (const name of namesOf(labels)) {
    all = all.flatMap((partial) => labels[name].map((value) => ({ ...partial, [name]: value })));
  }
  return all as Record<Name, string>[];
}

/** From 5 ms to 20 s: an answer on loopback as well as a slow Moodle. */
export const DURATION_BUCKETS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20] as const;
