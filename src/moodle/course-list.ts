// Reads the list of courses and proves whether it is complete: one function leaves out what the account cannot see, the other then fails (moodle.md 2.3, 2.9).
import { MoodleError } from './moodle-error.ts';
import type { MoodleWebService } from './web-service.ts';
import type { ListedCourse } from './web-service-schemas.ts';

export interface CourseList {
  readonly courses: readonly ListedCourse[];
  /** null: every course of the site is in the list; else a sentence that says which capability is missing. */
  readonly gap: string | null;
}

/** @throws MoodleError */
export async function readCourseList(moodle: MoodleWebService): Promise<CourseList> {
  const courses = await moodle.listCourses();
  return { courses, gap: await findGap(moodle, courses) };
}

async function findGap(moodle: MoodleWebService, courses: readonly ListedCourse[]): Promise<string | null> {
  const closed = courses.filter((course) => !course.accessible);
  if (closed.length > 0)
    return `The service account cannot go into ${closed.length} of ${courses.length} courses: allow moodle/course:view in its role at system level.`;
  try {
    const listed = new Set(courses.map((course) => course.moodleId));
    const missing = (await moodle.listAllCourseIds()).filter((id) => !listed.has(id));
    // A course that was made between the two calls looks the same; the next run sees it.
    return missing.length === 0
      ? null
      : `Moodle left out ${missing.length} of its courses from the list (e.g. id ${missing[0]}): allow moodle/course:viewhiddencourses and moodle/course:view in the service account's role at system level.`;
  } catch (error) {
    if (!(error instanceof MoodleError) || error.errorcode !== 'errorcoursecontextnotvalid') throw error;
    return 'Moodle has courses that the service account cannot see, hidden ones most likely: allow moodle/course:viewhiddencourses in its role at system level.';
  }
}

/**
 * Fills in the idnumbers that rules name but the account may not read: asked for one by one, Moodle finds them all the same (moodle.md 2.3).
 * @param idnumbers without patterns.
 * @param stored by Moodle id. One that was asked for and belongs to another course now, or to none, becomes empty.
 */
export async function fillIdnumbers(
  moodle: MoodleWebService,
  courses: readonly ListedCourse[],
  idnumbers: readonly string[],
  stored: ReadonlyMap<string, string>,
): Promise<readonly ListedCourse[]> {
  if (courses.every((course) => course.idnumber !== null)) return courses;
  const found = new Map<string, string>();
  const asked = new Set(idnumbers);
  for (const idnumber of asked) {
    for (const course of await moodle.listCoursesByIdnumber(idnumber)) found.set(course.moodleId, idnumber);
  }
  // As rules compare them: case matters not.
  const folded = new Set([...asked].map((idnumber) => idnumber.toLowerCase()));
  const lost = (id: string): boolean => folded.has(stored.get(id)?.toLowerCase() ?? '');
  return courses.map((course) => ({
    ...course,
    idnumber: course.idnumber ?? found.get(course.moodleId) ?? (lost(course.moodleId) ? '' : null),
  }));
}
