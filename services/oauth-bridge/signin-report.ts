// One log line and one count for every end of a sign-in, from the same value.
import type { Counter } from 'prom-client';
import { currentRequestId } from '../../src/http/request-id.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import type { SigninFacts, SigninOutcome } from './signin-refusal.ts';

export type ReportSignin = (outcome: SigninOutcome, facts: SigninFacts, cause?: unknown) => void;

const LEVELS: Partial<Record<SigninOutcome, 'error' | 'warn'>> = {
  internal_error: 'error',
  unavailable: 'error',
  upstream_error: 'error',
  other_browser: 'warn',
  not_navigation: 'warn',
  rate_limited: 'warn',
};

export function createSigninReport(logger: Logger, total: Counter<'outcome'>): ReportSignin {
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
