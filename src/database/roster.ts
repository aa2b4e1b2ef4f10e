// The roster of one course: read, and changed by a plan inside the caller's transaction, which holds the lock on the course.
import { sql, type Transaction } from 'kysely';
import type { CourseRole } from '../domain/courses/course-role.ts';
import { type CourseId, moodleGroupId, moodleUserId } from '../domain/ids.ts';
import type { HoldReason } from '../domain/sync/guard-roster.ts';
import type { PlannedMember, RosterPlan, StoredRoster } from '../domain/sync/plan-roster.ts';
import type { Db } from './database.ts';
import { isOlderThan } from './observed-at.ts';
import type { Database } from './schema.ts';

type Trx = Transaction<Database>;

export interface LockedCourse {
  readonly platformId: string;
  /** False: a newer roster is stored, or the course has vanished since. */
  readonly replaceable: boolean;
}

/** Whoever writes the course's roster waits here; null when the course is not stored. */
export async function lockCourse(trx: Trx, id: CourseId, observedAt: Date): Promise<LockedCourse | null> {
  const row = await trx
    .selectFrom('course')
    .select('platform_id')
    .select(
      sql<boolean>`coalesce(${isOlderThan('roster_observed_at', observedAt)}, true)
        and coalesce(${isOlderThan('vanished_at', observedAt)}, true)`.as('replaceable'),
    )
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row ? { platformId: row.platform_id, replaceable: row.replaceable } : null;
}

export async function loadRoster(db: Db, id: CourseId): Promise<StoredRoster> {
  const groups = await db
    .selectFrom('course_group')
    .select(['moodle_id', 'name'])
    .where('course_id', '=', id)
    .execute();
  const members = await sql<{
    moodle_id: string;
    role: CourseRole | null;
    role_shortnames: string[];
    active: boolean;
    group_ids: string[];
  }>`
    select person.moodle_id, enrolment.role, enrolment.role_shortnames, enrolment.active,
      coalesce(array_agg(course_group.moodle_id) filter (where course_group.id is not null), '{}') as group_ids
    from enrolment
    join person on person.id = enrolment.person_id
    left join enrolment_group on enrolment_group.enrolment_id = enrolment.id
    left join course_group on course_group.id = enrolment_group.course_group_id
    where enrolment.course_id = ${id}
    group by enrolment.id, person.moodle_id`.execute(db);
  return {
    groups: groups.map((group) => ({ moodleId: moodleGroupId(group.moodle_id), name: group.name })),
    members: members.rows.map((row) => ({
      moodleId: moodleUserId(row.moodle_id),
      role: row.role,
      roleShortnames: row.role_shortnames,
      active: row.active,
      groupIds: row.group_ids.map(moodleGroupId),
    })),
  };
}

/** The newest roster was not applied: the stored one stays, with its age. */
export async function markRosterHeld(trx: Trx, id: CourseId, reason: HoldReason): Promise<void> {
  await trx.updateTable('course').set({ roster_held_reason: reason }).where('id', '=', id).execute();
}

/** Writes the differences only. Throws when the plan names a person whose account is not stored. */
export async function applyRosterPlan(
  trx: Trx,
  course: { readonly id: CourseId; readonly platformId: string },
  plan: RosterPlan,
  observedAt: Date,
): Promise<void> {
  await removeEnrolments(trx, course, plan);
  await writeGroups(trx, course.id, plan, observedAt);
  await addEnrolments(trx, course, plan.enrolments.add, observedAt);
  await changeEnrolments(trx, course, plan, observedAt);
  const regrouped = plan.enrolments.change.filter((change) => change.kinds.includes('groups_changed'));
  await writeGroupMembers(trx, course, [...plan.enrolments.add, ...regrouped.map((change) => change.after)]);
  await trx
    .updateTable('course')
    .set({ roster_observed_at: observedAt, roster_held_reason: null })
    .where('id', '=', course.id)
    .execute();
}

interface CourseKey {
  readonly id: CourseId;
  readonly platformId: string;
}

async function removeEnrolments(trx: Trx, course: CourseKey, plan: RosterPlan): Promise<void> {
  if (plan.enrolments.remove.length === 0) return;
  await sql`
    delete from enrolment using person
    where enrolment.course_id = ${course.id} and person.id = enrolment.person_id and person.platform_id = ${course.platformId}
      and person.moodle_id = any(${[...plan.enrolments.remove]}::text[])`.execute(trx);
}

async function writeGroups(trx: Trx, id: CourseId, plan: RosterPlan, observedAt: Date): Promise<void> {
  const { add, rename, remove } = plan.groups;
  if (remove.length > 0)
    await trx
      .deleteFrom('course_group')
      .where('course_id', '=', id)
      .where('moodle_id', 'in', [...remove])
      .execute();
  const rows = [...add, ...rename].map((group) => ({
    course_id: id,
    moodle_id: group.moodleId,
    name: group.name,
    observed_at: observedAt,
  }));
  if (rows.length === 0) return;
  await trx
    .insertInto('course_group')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['course_id', 'moodle_id']).doUpdateSet((eb) => ({
        name: eb.ref('excluded.name'),
        observed_at: eb.ref('excluded.observed_at'),
      })),
    )
    .execute();
}

async function addEnrolments(
  trx: Trx,
  course: CourseKey,
  members: readonly PlannedMember[],
  observedAt: Date,
): Promise<void> {
  if (members.length === 0) return;
  const inserted = await sql`
    insert into enrolment (course_id, person_id, role, role_shortnames, active, observed_at)
    select ${course.id}::bigint, person.id, r.role, r.role_shortnames, r.active, ${observedAt}::timestamptz
    from ${recordset(members)}
    join person on person.platform_id = ${course.platformId} and person.moodle_id = r.moodle_id`.execute(trx);
  if (Number(inserted.numAffectedRows ?? 0n) !== members.length)
    throw new Error('the roster names people whose accounts are not stored');
}

async function changeEnrolments(trx: Trx, course: CourseKey, plan: RosterPlan, observedAt: Date): Promise<void> {
  if (plan.enrolments.change.length === 0) return;
  await sql`
    update enrolment set role = r.role, role_shortnames = r.role_shortnames, active = r.active, observed_at = ${observedAt}
    from ${recordset(plan.enrolments.change.map((change) => change.after))}
    join person on person.platform_id = ${course.platformId} and person.moodle_id = r.moodle_id
    where enrolment.course_id = ${course.id} and enrolment.person_id = person.id`.execute(trx);
}

async function writeGroupMembers(trx: Trx, course: CourseKey, members: readonly PlannedMember[]): Promise<void> {
  if (members.length === 0) return;
  await sql`
    delete from enrolment_group using enrolment join person on person.id = enrolment.person_id
    where enrolment_group.enrolment_id = enrolment.id and enrolment.course_id = ${course.id}
      and person.moodle_id = any(${members.map((member) => member.moodleId)}::text[])`.execute(trx);
  const pairs = members.flatMap((member) =>
    member.groupIds.map((groupId) => ({ moodle_id: member.moodleId, group_id: groupId })),
  );
  if (pairs.length === 0) return;
  await sql`
    insert into enrolment_group (enrolment_id, course_group_id)
    select enrolment.id, course_group.id
    from jsonb_to_recordset(${JSON.stringify(pairs)}::jsonb) as r(moodle_id text, group_id text)
    join person on person.platform_id = ${course.platformId} and person.moodle_id = r.moodle_id
    join enrolment on enrolment.course_id = ${course.id} and enrolment.person_id = person.id
    join course_group on course_group.course_id = ${course.id} and course_group.moodle_id = r.group_id
    on conflict do nothing`.execute(trx);
}

/** As one JSON parameter: a course of thousands stays one statement. */
const recordset = (members: readonly PlannedMember[]) =>
  sql`jsonb_to_recordset(${JSON.stringify(
    members.map((member) => ({
      moodle_id: member.moodleId,
      role: member.role,
      role_shortnames: member.roleShortnames,
      active: member.active,
    })),
  )}::jsonb) as r(moodle_id text, role text, role_shortnames text[], active boolean)`;
