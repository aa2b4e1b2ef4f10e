// Reason: no activity for long, and the GPU cannot be measured.
import { quietSeconds } from '../activity.ts';
import { profileGrace, type StopRule } from './stop-rule.ts';

export const unknownLimit: StopRule = {
  reason: 'unknown_limit',
  holds: (facts) => {
    const limit = facts.session.idle.unknownLimitSeconds;
    return limit !== null && facts.gpu.state === 'unknown' && quietSeconds(facts) >= limit;
  },
  graceSeconds: profileGrace,
};
