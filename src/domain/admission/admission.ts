// The words of admission: the facts it looks at, the closed set of reasons, the decision.
import type { Course, Enrolment } from '../courses/course.ts';
import type { CourseProfile, Pool } from '../profiles/profile.ts';

export const DENY_REASONS = [
  'person_unknown',
  'account_suspended',
  'nothing_chosen',
  'course_profile_unknown',
  'not_enrolled',
  'enrolment_inactive',
  'course_hidden',
  'no_role',
  'other_role',
  'other_group',
  'not_open_yet',
  'closed',
  'person_limit',
  'course_limit',
  'pool_full',
] as const;
export type DenyReason = (typeof DENY_REASONS)[number];

/** All that a check may look at; counts leave out the session that this start replaces. */
export interface AdmissionFacts {
  readonly now: Date;
  readonly timeZone: string;
  /** Who helps; may be empty. */
  readonly contact: string;
  readonly person: { readonly suspended: boolean; readonly deleted: boolean } | null;
  /** The course profile id that was asked for; empty when none was. */
  readonly requested: string;
  readonly courseProfile: CourseProfile | null;
  /** The person's enrolment in the course of that course profile. */
  readonly enrolment: Enrolment | null;
  readonly pool: Pool | null;
  readonly inUse: { readonly personSessions: number; readonly courseSessions: number; readonly poolGpus: number };
}

/** Facts after the checks that need no course profile have passed. */
export interface CourseFacts extends AdmissionFacts {
  readonly courseProfile: CourseProfile;
  readonly enrolment: Enrolment;
}

export interface Denial {
  readonly decision: 'deny';
  readonly reason: DenyReason;
  /** A sentence that says what would help. */
  readonly message: string;
}

export interface Admission {
  readonly decision: 'admit';
  readonly reason: 'admitted';
  readonly message: string;
  readonly courseProfile: CourseProfile;
  readonly course: Course;
  /** When the session must end, or null without a limit. */
  readonly endsAt: Date | null;
}

export type AdmissionDecision = Admission | Denial;

export const deny = (reason: DenyReason, message: string): Denial => ({ decision: 'deny', reason, message });
