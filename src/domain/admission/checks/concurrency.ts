// Check: the person and the course have a session of this course profile left.
import { type CourseFacts, type Denial, deny } from '../admission.ts';

export function checkConcurrency({ courseProfile, enrolment, inUse }: CourseFacts): Denial | null {
  const { maxSessionsPerPerson: perPerson, maxSessionsPerCourse: perCourse, profile } = courseProfile;
  const what = `${profile.title} in ${enrolment.course.shortname}`;
  if (perPerson !== null && inUse.personSessions >= perPerson) {
    return deny(
      'person_limit',
      `You already have ${inUse.personSessions} of ${perPerson} ${plural(perPerson)} of ${what}. Stop one of your servers first.`,
    );
  }
  if (perCourse !== null && inUse.courseSessions >= perCourse) {
    return deny(
      'course_limit',
      `All ${perCourse} ${plural(perCourse)} of ${what} are taken. Try again when somebody of the course has stopped, or choose another profile.`,
    );
  }
  return null;
}

const plural = (count: number): string => (count === 1 ? 'session' : 'sessions');
