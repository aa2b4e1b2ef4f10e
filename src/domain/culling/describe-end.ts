// Says in a sentence why a session ended, for the next start form.
import { clockText, durationText } from '../time-text.ts';

export interface EndedSession {
  readonly endReason: string;
  readonly endedAt: Date;
  readonly profileTitle: string;
  readonly courseShortname: string;
  readonly idleAfterSeconds: number | null;
  readonly gpuIdleAfterSeconds: number | null;
  readonly unknownLimitSeconds: number | null;
  readonly sessionLimitSeconds: number | null;
}

/** null: nothing worth saying (the person stopped it, or it was replaced by the next start). */
export function describeEnd(session: EndedSession, now: Date, timeZone: string): string | null {
  const because = reasonText(session);
  if (because === null) return null;
  return `Your last session (${session.profileTitle} in ${session.courseShortname}) was stopped at ${clockText(session.endedAt, now, timeZone)}: ${because}`;
}

function reasonText(session: EndedSession): string | null {
  const time = (seconds: number | null): string => (seconds === null ? 'a while' : durationText(seconds));
  switch (session.endReason) {
    case 'gpu_idle':
      return `its GPU was idle for ${time(session.gpuIdleAfterSeconds)}. An open tab does not count as use of the GPU.`;
    case 'idle':
      return `there was no activity for ${time(session.idleAfterSeconds)}.`;
    case 'unknown_limit':
      return `there was no activity for ${time(session.unknownLimitSeconds)}, and its GPU could not be measured.`;
    case 'session_limit':
      return `it had run for ${time(session.sessionLimitSeconds)}, the limit of this profile.`;
    case 'hours_used_up':
      return 'the GPU-hours of the course were used up.';
    case 'course_closed':
      return 'the course profile closed.';
    case 'enrolment_ended':
      return 'your enrolment in the course, or the group or role that gave you this profile, ended in Moodle.';
    case 'requested':
      return 'the course staff or an operator stopped it.';
    case 'gone':
      return 'the hub did not show it any more (a restart or a failure of the machine).';
    case 'never_started':
      return 'the server did not start in time.';
    default:
      return null;
  }
}
