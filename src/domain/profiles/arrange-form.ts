// Decides what a person's start form shows: a card per course, each profile to choose or greyed out with its reason.
import type { AdmissionDecision } from '../admission/admission.ts';
import type { Enrolment } from '../courses/course.ts';
import type { CourseProfile } from './profile.ts';

export interface DecidedOffer {
  readonly enrolment: Enrolment;
  readonly courseProfile: CourseProfile;
  readonly decision: AdmissionDecision;
}

export interface FormOffer {
  readonly courseProfile: CourseProfile;
  /** null: can be chosen. */
  readonly refusal: { readonly reason: string; readonly message: string } | null;
}

export interface FormCourse {
  readonly enrolment: Enrolment;
  readonly offers: readonly FormOffer[];
  /** Stands instead of offers when the whole course gives nothing now. */
  readonly note: string | null;
}

/** What another audience gets is nobody else's business; what may come to this person later is shown greyed out. */
const HIDDEN_REASONS: ReadonlySet<string> = new Set(['other_role', 'no_role']);
/** The same sentence for every profile of the course: said once. */
const COURSE_REASONS: ReadonlySet<string> = new Set(['enrolment_inactive', 'course_hidden']);

/** Courses in the order given; those without a course profile for this person are left out. */
export function arrangeForm(decided: readonly DecidedOffer[]): readonly FormCourse[] {
  const byCourse = Map.groupBy(decided, (offer) => offer.enrolment);
  return [...byCourse].flatMap(([enrolment, offers]): FormCourse[] => {
    const note =
      offers.flatMap(({ decision }) => (COURSE_REASONS.has(decision.reason) ? [decision.message] : []))[0] ?? null;
    if (note !== null) return [{ enrolment, offers: [], note }];
    const visible = offers.filter(({ decision }) => !HIDDEN_REASONS.has(decision.reason));
    return visible.length === 0 ? [] : [{ enrolment, offers: visible.map(toOffer), note: null }];
  });
}

const toOffer = ({ courseProfile, decision }: DecidedOffer): FormOffer => ({
  courseProfile,
  refusal: decision.decision === 'admit' ? null : { reason: decision.reason, message: decision.message },
});
