// Reason: the session has run for as long as its profile allows. The pod's own deadline is this limit and the grace (design 3).
import { heldSeconds } from '../activity.ts';
import { profileGrace, type StopRule } from './stop-rule.ts';

export const sessionLimit: StopRule = {
  reason: 'session_limit',
  holds: (facts) => {
    const limit = facts.session.idle.sessionLimitSeconds;
    return limit !== null && heldSeconds(facts) >= limit;
  },
  graceSeconds: profileGrace,
};
