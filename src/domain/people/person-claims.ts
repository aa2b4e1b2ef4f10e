// Decides what a client of the bridge learns about a person, by scope (design 3, Sign-in).
import type { Enrolment } from '../courses/course.ts';
import type { HubUsername, PersonId } from '../ids.ts';

export interface ClaimedPerson {
  readonly id: PersonId;
  readonly hubUsername: HubUsername;
  readonly fullName: string;
  readonly email: string;
  readonly isOperator: boolean;
  readonly enrolments: readonly Enrolment[];
}

/** Claim names by scope: what discovery announces and what the scopes open. */
export const CLAIMS_BY_SCOPE: Readonly<Record<'openid' | 'profile' | 'email' | 'groups', readonly string[]>> = {
  openid: ['sub'],
  profile: ['preferred_username', 'coursehub_admin'],
  email: ['name', 'email', 'email_verified'],
  groups: ['groups', 'role'],
};

/** Every claim; the provider hands out only those of the granted scopes. */
export function personClaims(person: ClaimedPerson): { readonly sub: string } & Readonly<Record<string, unknown>> {
  return {
    sub: person.id,
    preferred_username: person.hubUsername,
    coursehub_admin: person.isOperator,
    name: person.fullName,
    email: person.email,
    // Moodle's administrators may set any address: nobody proved it.
    email_verified: false,
    groups: groupNames(person.enrolments),
    role: overallRole(person),
  };
}

const isStaff = (enrolment: Enrolment): boolean => enrolment.role === 'instructor' || enrolment.role === 'assistant';

function groupNames(enrolments: readonly Enrolment[]): readonly string[] {
  return enrolments
    .filter((enrolment) => enrolment.active && enrolment.role !== null)
    .flatMap((enrolment) => [
      `course-${enrolment.course.id}`,
      ...(isStaff(enrolment) ? [`course-${enrolment.course.id}-staff`] : []),
    ]);
}

function overallRole(person: ClaimedPerson): 'operator' | 'staff' | 'student' | 'none' {
  if (person.isOperator) return 'operator';
  const active = person.enrolments.filter((enrolment) => enrolment.active && enrolment.role !== null);
  if (active.some(isStaff)) return 'staff';
  return active.length > 0 ? 'student' : 'none';
}
