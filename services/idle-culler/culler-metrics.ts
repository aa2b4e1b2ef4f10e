// The metrics of idle-culler. Label sets are closed: no names of people, servers or courses.
import type { Counter, Gauge, Histogram } from 'prom-client';
import { DECISION_REASONS, STOP_REASONS } from '../../src/domain/culling/decision.ts';
import { GPU_STATES } from '../../src/domain/culling/gpu-state.ts';
import { DURATION_BUCKETS, type Metrics } from '../../src/telemetry/metrics.ts';

export const CYCLE_OUTCOMES = [
  'done',
  'standby',
  'hub_refused',
  'hub_unreachable',
  'hub_unreadable',
  'failed',
] as const;
export type CycleOutcome = (typeof CYCLE_OUTCOMES)[number];
export const STOP_OUTCOMES = ['stopped', 'stopping', 'absent', 'refused', 'unanswered', 'session_over'] as const;
export type StopOutcome = (typeof STOP_OUTCOMES)[number];
export type Mode = 'live' | 'dry_run';

export interface CullerMetrics {
  readonly cycles: Counter<'outcome'>;
  readonly cycleDuration: Histogram<string>;
  readonly lastSuccess: Gauge<never>;
  readonly sessions: Gauge<'gpu_state'>;
  readonly decisions: Counter<'kind' | 'reason' | 'mode'>;
  readonly stops: Counter<'reason' | 'outcome'>;
  readonly unmanaged: Gauge<never>;
  readonly readingsAge: Gauge<never>;
  readonly readingFaults: Counter<'metric'>;
  /** Sessions by the metric that they were judged on. */
  readonly gpuSources: Gauge<'metric'>;
}

/** @param readingMetrics of the config: a closed list there. */
export function createCullerMetrics(metrics: Metrics, readingMetrics: readonly string[]): CullerMetrics {
  const decisions = metrics.counter(
    'coursehub_culler_decisions_total',
    'Decisions about sessions, one per cycle each.',
    {
      kind: [],
      reason: [],
      mode: [],
    },
  );
  for (const mode of ['live', 'dry_run'] satisfies Mode[]) {
    for (const [kind, reasons] of Object.entries(DECISION_REASONS)) {
      for (const reason of reasons) decisions.inc({ kind, reason, mode }, 0);
    }
  }
  return {
    decisions,
    cycles: metrics.counter('coursehub_culler_cycles_total', 'Looks at hub, readings and ledger.', {
      outcome: CYCLE_OUTCOMES,
    }),
    cycleDuration: metrics.histogram('coursehub_culler_cycle_duration_seconds', 'Good cycles.', [], DURATION_BUCKETS),
    lastSuccess: metrics.gauge(
      'coursehub_culler_last_success_timestamp_seconds',
      'End of the last good cycle of this process; 0: none yet.',
      {},
    ),
    sessions: metrics.gauge('coursehub_sessions', 'Running sessions (of the leader).', { gpu_state: GPU_STATES }),
    stops: metrics.counter('coursehub_culler_stops_total', 'Stops that were sent to the hub.', {
      reason: STOP_REASONS,
      outcome: STOP_OUTCOMES,
    }),
    unmanaged: metrics.gauge('coursehub_culler_unmanaged_servers', 'Servers on the hub without a session.', {}),
    readingsAge: metrics.gauge(
      'coursehub_culler_readings_age_seconds',
      'Age of the newest GPU reading; -1: there is none.',
      {},
    ),
    readingFaults: metrics.counter('coursehub_culler_reading_faults_total', 'Queries of GPU readings that failed.', {
      metric: readingMetrics,
    }),
    gpuSources: metrics.gauge('coursehub_culler_gpu_sources', 'Running GPU sessions by the metric that shows them.', {
      metric: [...readingMetrics, 'nothing'],
    }),
  };
}
