// One log line and one count for every end of a sign-in, from the same value.
import { currentRequestId } from '../../src/http/request-id.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import type { Metrics } from '../../src/telemetry/metrics.ts';
import { SIGNIN_OUTCOMES, type SigninFacts, type SigninOutcome } from './signin-refusal.ts';

export type ReportSignin = (outcome: SigninOutcome, facts: SigninFacts, cause?: unknown) => void;

const LEVELS: Partial<Record<SigninOutcome, 'error' | 'warn'>> = {
  internal_error: 'error',
  unavailable: 'error',
  upstream_error: 'error',
  other_browser: 'warn',
  not_navigation: 'warn',
  rate_limited: 'warn',
};

export function createSigninReport(logger: Logger, metrics: Metrics): ReportSignin {
  const total = metrics.counter('coursehub_signin_total', 'Sign-ins by how they ended.', { outcome: SIGNIN_OUTCOMES });
  return (outcome, facts, cause) => {
    total.inc({ outcome });
    const fields = {
      request_id: currentRequestId(),
      outcome,
      ...facts,
      ...(cause === undefined ? {} : { err: cause }),
    };
    logger[LEVELS[outcome] ?? 'info'](fields, 'sign-in');
  };
}
