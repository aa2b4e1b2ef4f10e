// The metrics of the lists that follow Kubernetes. `list` is a closed set, not a name of the cluster.
import type { Counter, Gauge } from 'prom-client';
import type { Metrics } from '../telemetry/metrics.ts';
import { WATCH_FAULTS } from './watch-fault.ts';

export const LISTS = ['pods', 'nodes', 'other-pods'] as const;
export type ListName = (typeof LISTS)[number];

export interface KubernetesMetrics {
  readonly up: Gauge<'list'>;
  readonly lists: Counter<'list'>;
  readonly faults: Counter<'list' | 'fault'>;
}

/** @param lists that this process follows. */
export function createKubernetesMetrics(metrics: Metrics, lists: readonly ListName[]): KubernetesMetrics {
  return {
    up: metrics.gauge('coursehub_kubernetes_watch_up', '1: this list follows Kubernetes now.', { list: lists }),
    lists: metrics.counter('coursehub_kubernetes_lists_total', 'Whole lists that were read.', { list: lists }),
    faults: metrics.counter('coursehub_kubernetes_faults_total', 'Lists and watches that failed.', {
      list: lists,
      fault: WATCH_FAULTS,
    }),
  };
}
