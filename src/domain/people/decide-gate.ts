// Decides who may sign in at all (config `bridge.gate`).

import type { Enrolment } from '../courses/course.ts';
import { checkAudience } from '../profiles/audience.ts';
import { matchCourseProfiles } from '../profiles/match-course-profiles.ts';
import type { CourseProfileRule } from '../profiles/profile.ts';

export type Gate = 'anyone' | 'people-with-course-profile' | 'staff';

export interface GateFacts {
  readonly hasCourseProfile: boolean;
  /** Teaches or assists in a course. */
  readonly isStaff: boolean;
  readonly isOperator: boolean;
}

export type GateDecision =
  | { readonly outcome: 'admitted' }
  | { readonly outcome: 'refused'; readonly reason: 'no_course_profile' | 'not_staff'; readonly message: string };

/** Operators always pass: else a wrong gate would shut out those who can correct it. */
export function decideGate(gate: Gate, facts: GateFacts): GateDecision {
  if (gate === 'anyone' || facts.isOperator || facts.isStaff) return { outcome: 'admitted' };
  if (gate === 'staff')
    return {
      outcome: 'refused',
      reason: 'not_staff',
      message: 'At the moment only course staff can sign in here. If you teach a course, ask for your role in Moodle.',
    };
  if (facts.hasCourseProfile) return { outcome: 'admitted' };
  return {
    outcome: 'refused',
    reason: 'no_course_profile',
    message:
      'None of your Moodle courses offers a notebook server at the moment. If you have just been enrolled, wait a few minutes and sign in again; otherwise ask the teachers of your course.',
  };
}

/** An enrolment that is not active counts for nothing. Opening times do not matter here: who waits for a course to open may sign in. */
export function gateFacts(
  enrolments: readonly Enrolment[],
  rules: readonly CourseProfileRule[],
  isOperator: boolean,
): GateFacts {
  const active = enrolments.filter((enrolment) => enrolment.active);
  return {
    isOperator,
    isStaff: active.some((enrolment) => enrolment.role === 'instructor' || enrolment.role === 'assistant'),
    hasCourseProfile: active.some((enrolment) =>
      matchCourseProfiles(rules, enrolment.course).some(
        (courseProfile) => checkAudience(enrolment, courseProfile.audience) === 'in',
      ),
    ),
  };
}
