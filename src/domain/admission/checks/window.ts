// Check: now is between the opening and the closing time of the course profile.
import { timeText } from '../../time-text.ts';
import { type CourseFacts, type Denial, deny } from '../admission.ts';

/** Opens at its opening time exactly, is closed at its closing time exactly. */
export function checkWindow({ courseProfile, enrolment, now, timeZone }: CourseFacts): Denial | null {
  const { opensAt, closesAt, profile } = courseProfile;
  const what = `${profile.title} in ${enrolment.course.shortname}`;
  if (opensAt && now < opensAt) return deny('not_open_yet', `${what} opens on ${timeText(opensAt, timeZone)}.`);
  if (closesAt && now >= closesAt)
    return deny(
      'closed',
      `${what} closed on ${timeText(closesAt, timeZone)}. Ask the course staff if you still need it.`,
    );
  return null;
}
