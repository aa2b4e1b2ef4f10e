// Reason: no activity, and no GPU or an idle one. `busy` protects; `unknown` stops nobody.
import { quietSeconds } from '../activity.ts';
import { profileGrace, type StopRule } from './stop-rule.ts';

export const idle: StopRule = {
  reason: 'idle',
  holds: (facts) => {
    const limit = facts.session.idle.idleAfterSeconds;
    const unused = facts.gpu.state === 'idle' || facts.gpu.state === 'none';
    return limit !== null && unused && quietSeconds(facts) >= limit;
  },
  graceSeconds: profileGrace,
};
