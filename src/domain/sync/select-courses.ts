// Decides which rosters a sign-in has to read again, so that the person gets what their courses give them now.

/** A course of the person that gives somebody something: Moodle lists it for them, or it is stored as active for them. */
export interface PersonCourse {
  /** core_enrol_get_users_courses names it: an active enrolment. */
  readonly listed: boolean;
  readonly storedActive: boolean;
  /** Students do not find a hidden course in their own list (moodle.md 2.6). */
  readonly visible: boolean;
  readonly rosterObservedAt: Date | null;
}

/**
 * Read again: a listed course whose roster is old or does not show the person as active, and a stored one that Moodle no longer lists.
 * The latter is not simply ended: Moodle also leaves out what the person or the service account cannot see; the roster tells.
 */
export function selectCoursesToRead<Entry extends PersonCourse>(
  courses: readonly Entry[],
  now: Date,
  freshForSeconds: number,
): readonly Entry[] {
  return courses.filter((course) => {
    if (course.listed && !course.storedActive) return true;
    if (!course.listed && course.visible) return course.storedActive;
    return isOld(course.rosterObservedAt, now, freshForSeconds);
  });
}

/** A time that has not come yet is from before the clock was set back: it proves nothing. */
const isOld = (observedAt: Date | null, now: Date, freshForSeconds: number): boolean =>
  observedAt === null || observedAt > now || now.getTime() - observedAt.getTime() > freshForSeconds * 1000;
