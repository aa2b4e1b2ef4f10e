// The list of courses: stored by (platform, Moodle id), gone and back again.
import { sql } from 'kysely';
import type { Course } from '../domain/courses/course.ts';
import { type CourseId, courseId, type MoodleUserId, moodleUserId, type PersonId } from '../domain/ids.ts';
import type { ObservedCourse } from '../domain/sync/observed.ts';
import { type Db, inTransaction } from './database.ts';
import { isOlderThan } from './observed-at.ts';

export interface StoredCourse extends Course {
  /** When Moodle was asked for the roster that is stored; null = never read. */
  readonly rosterObservedAt: Date | null;
  readonly vanishedAt: Date | null;
}

/**
 * Inserts and updates; what was observed later stays. A course that is listed has not vanished. An idnumber that Moodle did not show stays as it was.
 * @param observedAt database time before Moodle was asked.
 * @returns how many courses are new, and how many are back.
 */
export async function storeCourses(
  db: Db,
  platformId: string,
  courses: readonly ObservedCourse[],
  observedAt: Date,
): Promise<{ readonly added: number; readonly returned: number }> {
  if (courses.length === 0) return { added: 0, returned: 0 };
  const rows = JSON.stringify(
    courses.map((course) => ({
      moodle_id: course.moodleId,
      shortname: course.shortname,
      fullname: course.fullname,
      idnumber: course.idnumber,
      category_id: course.categoryId,
      visible: course.visible,
      starts_at: course.startsAt,
      ends_at: course.endsAt,
    })),
  );
  const record = sql`jsonb_to_recordset(${rows}::jsonb)
    as r(moodle_id text, shortname text, fullname text, idnumber text, category_id text, visible boolean, starts_at timestamptz, ends_at timestamptz)`;
  return inTransaction(db, async (trx) => {
    // Locked in the order of ids: two runs wait for each other instead of deadlocking.
    const known = await sql<{ is_back: boolean }>`
      select course.vanished_at is not null and ${isOlderThan('course.observed_at', observedAt)} as is_back
      from course join ${record} on course.moodle_id = r.moodle_id
      where course.platform_id = ${platformId} order by course.id for no key update of course`.execute(trx);
    await sql`
      update course set shortname = r.shortname, fullname = r.fullname, idnumber = coalesce(r.idnumber, course.idnumber), category_id = r.category_id,
        visible = r.visible, starts_at = r.starts_at, ends_at = r.ends_at, observed_at = ${observedAt}, vanished_at = null
      from ${record}
      where course.platform_id = ${platformId} and course.moodle_id = r.moodle_id and ${isOlderThan('course.observed_at', observedAt)}`.execute(
      trx,
    );
    const added = await sql`
      insert into course (platform_id, moodle_id, shortname, fullname, idnumber, category_id, visible, starts_at, ends_at, observed_at)
      select ${platformId}::bigint, r.moodle_id, r.shortname, r.fullname, coalesce(r.idnumber, ''), r.category_id, r.visible, r.starts_at, r.ends_at, ${observedAt}::timestamptz
      from ${record} order by r.moodle_id
      on conflict (platform_id, moodle_id) do nothing`.execute(trx);
    return { added: Number(added.numAffectedRows ?? 0n), returned: known.rows.filter((row) => row.is_back).length };
  });
}

/** The course is gone from Moodle: nobody in it is active any more. False when something newer is known about it. */
export async function markCourseVanished(db: Db, id: CourseId, observedAt: Date): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const marked = await trx
      .updateTable('course')
      .set({ vanished_at: observedAt, observed_at: observedAt })
      .where('id', '=', id)
      .where('vanished_at', 'is', null)
      .where(isOlderThan('observed_at', observedAt))
      .where((eb) => eb.or([eb('roster_observed_at', 'is', null), isOlderThan('roster_observed_at', observedAt)]))
      .executeTakeFirst();
    if (marked.numUpdatedRows === 0n) return false;
    await trx
      .updateTable('enrolment')
      .set({ active: false, observed_at: observedAt })
      .where('course_id', '=', id)
      .where('active', '=', true)
      .execute();
    return true;
  });
}

/** All courses of the platform, the longest unread first. */
export async function listCourses(db: Db, platformId: string): Promise<readonly StoredCourse[]> {
  const rows = await db
    .selectFrom('course')
    .selectAll()
    .where('platform_id', '=', platformId)
    .orderBy('roster_observed_at', (order) => order.asc().nullsFirst())
    .orderBy('id')
    .execute();
  return rows.map(toStoredCourse);
}

/** Courses that are stored as active for a person, or that have one of these Moodle ids; `storedActive` tells which. */
export async function listCoursesOfPerson(
  db: Db,
  platformId: string,
  person: PersonId,
  moodleIds: readonly string[],
): Promise<readonly (StoredCourse & { readonly storedActive: boolean })[]> {
  const rows = await db
    .selectFrom('course')
    .leftJoin('enrolment', (join) =>
      join.onRef('enrolment.course_id', '=', 'course.id').on('enrolment.person_id', '=', person),
    )
    .selectAll('course')
    .select(sql<boolean>`coalesce(enrolment.active, false)`.as('stored_active'))
    .where('course.platform_id', '=', platformId)
    .where(sql<boolean>`(enrolment.active or course.moodle_id = any(${[...moodleIds]}::text[]))`)
    .where('course.vanished_at', 'is', null)
    .execute();
  return rows.map((row) => ({ ...toStoredCourse(row), storedActive: row.stored_active }));
}

/** Some people who are stored as active in the course, who teaches first: their own course lists tell its size. */
export async function listWitnesses(db: Db, id: CourseId): Promise<readonly MoodleUserId[]> {
  const rows = await sql<{ moodle_id: string }>`
    select person.moodle_id from enrolment join person on person.id = enrolment.person_id
    where enrolment.course_id = ${id} and enrolment.active and not person.deleted
    order by array_position(array['instructor', 'assistant', 'student'], enrolment.role) nulls last, enrolment.id limit 2`.execute(
    db,
  );
  return rows.rows.map((row) => moodleUserId(row.moodle_id));
}

export interface CourseRow {
  readonly id: string;
  readonly moodle_id: string;
  readonly shortname: string;
  readonly fullname: string;
  readonly idnumber: string;
  readonly category_id: string;
  readonly visible: boolean;
  readonly starts_at: Date | null;
  readonly ends_at: Date | null;
}

export const toCourse = (row: CourseRow): Course => ({
  id: courseId(row.id),
  moodleId: row.moodle_id,
  shortname: row.shortname,
  fullname: row.fullname,
  idnumber: row.idnumber,
  categoryId: row.category_id,
  visible: row.visible,
  startsAt: row.starts_at,
  endsAt: row.ends_at,
});

interface StoredCourseRow extends CourseRow {
  readonly roster_observed_at: Date | null;
  readonly vanished_at: Date | null;
}

const toStoredCourse = (row: StoredCourseRow): StoredCourse => ({
  ...toCourse(row),
  rosterObservedAt: row.roster_observed_at,
  vanishedAt: row.vanished_at,
});
