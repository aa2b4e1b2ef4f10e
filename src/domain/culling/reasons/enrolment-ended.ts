// Reason: the account is shut, or enrolment, role or group no longer give the course profile.
import type { SessionFacts } from '../session-facts.ts';
import type { StopRule } from './stop-rule.ts';

const accountShut = ({ person }: SessionFacts): boolean => person.suspended || person.deleted;

/** At once for a suspended or deleted account (design 3); an enrolment that ended leaves time to save the work. */
export const enrolmentEnded: StopRule = {
  reason: 'enrolment_ended',
  holds: (facts) => accountShut(facts) || !facts.enrolmentGivesIt,
  graceSeconds: (facts) => (accountShut(facts) ? 0 : facts.limits.enrolmentEndedGraceSeconds),
};
