// Check: the person is in the audience of the course profile, by role and group.
import { checkAudience } from '../../profiles/audience.ts';
import { type CourseFacts, type Denial, deny } from '../admission.ts';

const PLURAL = { student: 'students', assistant: 'assistants', instructor: 'instructors' } as const;

export function checkInAudience({ enrolment, courseProfile }: CourseFacts): Denial | null {
  const { audience, profile } = courseProfile;
  const what = `${profile.title} in ${enrolment.course.shortname}`;
  switch (checkAudience(enrolment, audience)) {
    case 'in':
      return null;
    case 'no_role':
      return deny(
        'no_role',
        `Your role in ${enrolment.course.shortname} gives no server here. The course staff sets the roles in Moodle.`,
      );
    case 'other_role':
      return deny('other_role', `${what} is for ${audience.roles.map((role) => PLURAL[role]).join(' and ')} only.`);
    case 'other_group':
      return deny(
        'other_group',
        `${what} is for the ${audience.groups.length === 1 ? 'group' : 'groups'} ${audience.groups.join(', ')} only. The course staff sets the groups in Moodle.`,
      );
  }
}
