// Reason: the course profile has closed.
import { profileGrace, type StopRule } from './stop-rule.ts';

export const courseClosed: StopRule = {
  reason: 'course_closed',
  holds: ({ session, now }) => session.closesAt !== null && now >= session.closesAt,
  graceSeconds: profileGrace,
};
