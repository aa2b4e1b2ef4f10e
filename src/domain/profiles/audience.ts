// Decides whether an enrolment is in the audience of a course profile.
import type { Enrolment } from '../courses/course.ts';
import type { Audience } from './profile.ts';

export type AudienceAnswer = 'in' | 'no_role' | 'other_role' | 'other_group';

/** Groups bind students only: who teaches sees every group. Group names are compared as Moodle shows them, but for case. */
export function checkAudience(enrolment: Pick<Enrolment, 'role' | 'groups'>, audience: Audience): AudienceAnswer {
  if (enrolment.role === null) return 'no_role';
  if (!audience.roles.includes(enrolment.role)) return 'other_role';
  if (audience.groups.length === 0 || enrolment.role !== 'student') return 'in';
  const wanted = new Set(audience.groups.map((name) => name.toLowerCase()));
  return enrolment.groups.some((group) => wanted.has(group.name.toLowerCase())) ? 'in' : 'other_group';
}
