// The metrics of the bridge: how sign-ins ended, roster refreshes before them, expired rows, whether Moodle answers.
import type { Counter, Gauge } from 'prom-client';
import type { Metrics } from '../../src/telemetry/metrics.ts';
import { ROSTER_OUTCOMES } from './refresh-roster.ts';
import { SIGNIN_OUTCOMES } from './signin-refusal.ts';

export interface BridgeMetrics {
  readonly signins: Counter<'outcome'>;
  readonly rosterRefreshes: Counter<'outcome'>;
  readonly rowsDeleted: Counter<never>;
  /** 1 or 0, as of the last call. */
  readonly upstreamUp: Gauge<never>;
}

export function createBridgeMetrics(metrics: Metrics): BridgeMetrics {
  return {
    signins: metrics.counter('coursehub_signin_total', 'Sign-ins by how they ended.', { outcome: SIGNIN_OUTCOMES }),
    rosterRefreshes: metrics.counter('coursehub_signin_roster_total', 'Roster refreshes at sign-in.', {
      outcome: ROSTER_OUTCOMES,
    }),
    rowsDeleted: metrics.counter('coursehub_oidc_rows_deleted_total', 'Expired sign-in rows that were removed.', {}),
    upstreamUp: metrics.gauge('coursehub_upstream_up', 'Whether Moodle answered when it was last asked.', {}),
  };
}
