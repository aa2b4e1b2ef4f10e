// Check: the enrolment is active and the course is open to this role.
import { type CourseFacts, type Denial, deny } from '../admission.ts';

export function checkEnrolment({ enrolment }: CourseFacts): Denial | null {
  const { shortname, visible } = enrolment.course;
  if (!enrolment.active) {
    return deny(
      'enrolment_inactive',
      `Your enrolment in ${shortname} is not active: it is suspended, has ended or has not begun. The course staff can change that in Moodle; sign in again afterwards.`,
    );
  }
  if (!visible && enrolment.role === 'student') {
    return deny('course_hidden', `${shortname} is hidden in Moodle at present. The course staff can show it again.`);
  }
  return null;
}
