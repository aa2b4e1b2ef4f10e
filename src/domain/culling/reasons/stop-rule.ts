// What every reason to stop gives: a name, whether it holds, and how long its warning is.
import type { StopReason } from '../decision.ts';
import type { SessionFacts } from '../session-facts.ts';

export interface StopRule {
  readonly reason: StopReason;
  readonly holds: (facts: SessionFacts) => boolean;
  /** Between announcement and stop; 0: at once. */
  readonly graceSeconds: (facts: SessionFacts) => number;
}

/** The grace of the profile. */
export const profileGrace = (facts: SessionFacts): number => facts.session.idle.graceSeconds;
