// The nouns of the roster: course, course group, enrolment, as the rules see them.
import type { CourseGroupId, CourseId, PersonId } from '../ids.ts';
import type { CourseRole } from './course-role.ts';

export interface Course {
  readonly id: CourseId;
  readonly moodleId: string;
  readonly shortname: string;
  readonly fullname: string;
  /** Empty when Moodle has none or the service account may not read it (moodle.md 2.3). */
  readonly idnumber: string;
  readonly categoryId: string;
  readonly visible: boolean;
  readonly startsAt: Date | null;
  readonly endsAt: Date | null;
}

export interface CourseGroup {
  readonly id: CourseGroupId;
  readonly name: string;
}

/** One person in one course. */
export interface Enrolment {
  readonly personId: PersonId;
  readonly course: Course;
  /** null: enrolled, but no mapped role. */
  readonly role: CourseRole | null;
  /** False for suspended, ended and not yet begun enrolments alike (moodle.md 2.5). */
  readonly active: boolean;
  readonly groups: readonly CourseGroup[];
}
