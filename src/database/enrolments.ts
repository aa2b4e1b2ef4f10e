// Reads the stored roster for decisions: a person by hub username, their enrolments, a course.
import { sql } from 'kysely';
import type { CourseGroup, Enrolment } from '../domain/courses/course.ts';
import { courseGroupId, type HubUsername, hubUsername, type PersonId, personId } from '../domain/ids.ts';
import { toCourse } from './courses.ts';
import type { Db } from './database.ts';

export interface KnownPerson {
  readonly id: PersonId;
  readonly hubUsername: HubUsername;
  readonly fullName: string;
  readonly suspended: boolean;
  readonly deleted: boolean;
}

/** Upper and lower case are one name, as on the hub. */
export async function findPersonByHubUsername(db: Db, name: string): Promise<KnownPerson | null> {
  const row = await db
    .selectFrom('person')
    .select(['id', 'hub_username', 'full_name', 'suspended', 'deleted'])
    .where(sql<string>`lower(hub_username)`, '=', name.toLowerCase())
    .executeTakeFirst();
  if (!row?.hub_username) return null;
  return {
    id: personId(row.id),
    hubUsername: hubUsername(row.hub_username),
    fullName: row.full_name,
    suspended: row.suspended,
    deleted: row.deleted,
  };
}

/** Enrolments in courses that are still in Moodle, active or not, by course shortname. One query. */
export async function findEnrolments(db: Db, person: PersonId): Promise<readonly Enrolment[]> {
  const rows = await db
    .selectFrom('enrolment')
    .innerJoin('course', 'course.id', 'enrolment.course_id')
    .leftJoin('enrolment_group', 'enrolment_group.enrolment_id', 'enrolment.id')
    .leftJoin('course_group', 'course_group.id', 'enrolment_group.course_group_id')
    .where('enrolment.person_id', '=', person)
    .where('course.vanished_at', 'is', null)
    .groupBy(['enrolment.id', 'course.id'])
    .orderBy('course.shortname')
    .orderBy('course.id')
    .selectAll('course')
    .select(['enrolment.role', 'enrolment.active'])
    .select(
      sql<
        { id: string; name: string }[]
      >`coalesce(json_agg(json_build_object('id', course_group.id::text, 'name', course_group.name)) filter (where course_group.id is not null), '[]')`.as(
        'groups',
      ),
    )
    .execute();
  return rows.map((row) => ({
    personId: person,
    course: toCourse(row),
    role: row.role,
    active: row.active,
    groups: row.groups.map((group): CourseGroup => ({ id: courseGroupId(group.id), name: group.name })),
  }));
}
