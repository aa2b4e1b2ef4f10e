// Decides: may this person start this course profile now? A list of named checks, the first that objects answers.
import type { AdmissionDecision, AdmissionFacts, CourseFacts, Denial } from './admission.ts';
import { checkInAudience } from './checks/audience.ts';
import { checkCapacity } from './checks/capacity.ts';
import { checkChoice } from './checks/choice.ts';
import { checkConcurrency } from './checks/concurrency.ts';
import { checkEnrolment } from './checks/enrolment.ts';
import { checkPerson } from './checks/person.ts';
import { checkWindow } from './checks/window.ts';
import { mustEndAt } from './must-end-at.ts';

/** Before anything is known of a course. */
const FIRST_CHECKS: readonly ((facts: AdmissionFacts) => Denial | null)[] = [checkPerson, checkChoice];

/** From what the person cannot change to what passes by itself. */
const COURSE_CHECKS: readonly ((facts: CourseFacts) => Denial | null)[] = [
  checkEnrolment,
  checkInAudience,
  checkWindow,
  checkConcurrency,
  checkCapacity,
];

/** The form, the check and the binding admission all ask this one rule. */
export function decideAdmission(facts: AdmissionFacts): AdmissionDecision {
  const { courseProfile, enrolment } = facts;
  const denial =
    firstDenial(FIRST_CHECKS, facts) ??
    (courseProfile && enrolment ? firstDenial(COURSE_CHECKS, { ...facts, courseProfile, enrolment }) : null);
  if (denial) return denial;
  // checkChoice has refused both nulls.
  if (!courseProfile || !enrolment) throw new Error('a course profile without an enrolment passed the checks');
  return {
    decision: 'admit',
    reason: 'admitted',
    message: `${courseProfile.profile.title} in ${enrolment.course.shortname} can start.`,
    courseProfile,
    course: enrolment.course,
    endsAt: mustEndAt(courseProfile, facts.now),
  };
}

function firstDenial<Facts>(checks: readonly ((facts: Facts) => Denial | null)[], facts: Facts): Denial | null {
  for (const check of checks) {
    const denial = check(facts);
    if (denial) return denial;
  }
  return null;
}
