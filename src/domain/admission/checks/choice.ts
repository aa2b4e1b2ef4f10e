// Check: something was chosen, and it is a profile of one of the person's own courses.
import { type AdmissionFacts, type Denial, deny } from '../admission.ts';

const CHOOSE = 'Open the start page of the hub and choose one of the profiles that it shows.';

/** A foreign course's profile and one that does not exist get the same sentence: who is not enrolled learns nothing about the course. */
export function checkChoice({ requested, courseProfile, enrolment }: AdmissionFacts): Denial | null {
  if (requested === '')
    return deny(
      'nothing_chosen',
      `No course profile was chosen. ${CHOOSE} (In a REST call: send {"course_profile": "<id>"}.)`,
    );
  const sentence = `None of your courses offers the course profile that was asked for. ${CHOOSE} If a course is missing there, ask its staff to enrol you in Moodle.`;
  if (!courseProfile) return deny('course_profile_unknown', sentence);
  if (!enrolment) return deny('not_enrolled', sentence);
  return null;
}
