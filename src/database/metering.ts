// The culler's view of sessions: the open ones with what decides about them, and the writes of each cycle, batched.
import { sql } from 'kysely';
import type { Course, Enrolment } from '../domain/courses/course.ts';
import type { StopReason } from '../domain/culling/decision.ts';
import type { GpuState } from '../domain/culling/gpu-state.ts';
import type { PendingStop } from '../domain/culling/session-facts.ts';
import { courseGroupId, type SessionId, sessionId } from '../domain/ids.ts';
import type { SessionSnapshot } from '../domain/profiles/session-snapshot.ts';
import { toCourse } from './courses.ts';
import { type Db, inTransaction } from './database.ts';

export interface OpenSession {
  readonly id: SessionId;
  readonly hubUsername: string;
  readonly serverName: string;
  readonly courseProfileId: string;
  readonly snapshot: SessionSnapshot;
  readonly gpuCount: number;
  readonly namespace: string;
  readonly pod: string;
  readonly admittedAt: Date;
  readonly admissionExpiresAt: Date;
  readonly hubStartedAt: Date | null;
  readonly firstSeenAt: Date | null;
  readonly lastSeenAt: Date | null;
  readonly startedAt: Date | null;
  readonly missedSnapshots: number;
  readonly pending: PendingStop | null;
  readonly begunStop: StopReason | null;
  readonly person: { readonly suspended: boolean; readonly deleted: boolean };
  /** null: the course has vanished from Moodle. */
  readonly course: Course | null;
  readonly enrolment: Pick<Enrolment, 'role' | 'active' | 'groups'> | null;
  readonly stopRequested: { readonly by: string; readonly message: string } | null;
}

/** Every open session with its person, course, enrolment and the oldest open stop request: one query. */
export async function findOpenSessions(db: Db): Promise<readonly OpenSession[]> {
  const rows = await openSessions(db).execute();
  return rows.map((row): OpenSession => {
    const course = toCourse({ ...row, id: row.course_id });
    const pending =
      row.pending_reason !== null && row.pending_since !== null && row.stop_at !== null
        ? { reason: row.pending_reason as StopReason, since: row.pending_since, stopAt: row.stop_at }
        : null;
    return {
      id: sessionId(row.session_id),
      hubUsername: row.hub_username,
      serverName: row.server_name,
      courseProfileId: row.course_profile_id,
      snapshot: row.snapshot as unknown as SessionSnapshot,
      gpuCount: row.gpu_count,
      namespace: row.namespace,
      pod: row.pod,
      admittedAt: row.admitted_at,
      admissionExpiresAt: row.admission_expires_at,
      hubStartedAt: row.hub_started_at,
      firstSeenAt: row.first_seen_at,
      lastSeenAt: row.last_seen_at,
      startedAt: row.session_started_at,
      missedSnapshots: row.missed_snapshots,
      pending,
      begunStop: row.stop_reason as StopReason | null,
      person: { suspended: row.suspended, deleted: row.deleted },
      course: row.vanished_at === null ? course : null,
      enrolment:
        row.active === null
          ? null
          : {
              role: row.role,
              active: row.active,
              groups: row.groups.map(({ id, name }) => ({ id: courseGroupId(id), name })),
            },
      stopRequested: row.stop_request,
    };
  });
}

const openSessions = (db: Db) =>
  db
    .selectFrom('session')
    .innerJoin('person', 'person.id', 'session.person_id')
    .innerJoin('course', 'course.id', 'session.course_id')
    .leftJoin('enrolment', (join) =>
      join
        .onRef('enrolment.course_id', '=', 'session.course_id')
        .onRef('enrolment.person_id', '=', 'session.person_id'),
    )
    .where('session.ended_at', 'is', null)
    .orderBy('session.admitted_at')
    .select([
      'session.id as session_id',
      'session.hub_username',
      'session.server_name',
      'session.course_profile_id',
      'session.snapshot',
      'session.gpu_count',
      'session.namespace',
      'session.pod',
      'session.admitted_at',
      'session.admission_expires_at',
      'session.hub_started_at',
      'session.first_seen_at',
      'session.last_seen_at',
      'session.started_at as session_started_at',
      'session.missed_snapshots',
      'session.pending_reason',
      'session.pending_since',
      'session.stop_at',
      'session.stop_reason',
    ])
    .select(['person.suspended', 'person.deleted'])
    .select(['course.id as course_id', 'course.moodle_id', 'course.shortname', 'course.fullname', 'course.idnumber'])
    .select(['course.category_id', 'course.visible', 'course.starts_at', 'course.ends_at', 'course.vanished_at'])
    .select(['enrolment.role', 'enrolment.active'])
    .select(
      sql<{ id: string; name: string }[]>`coalesce((
        select json_agg(json_build_object('id', g.id::text, 'name', g.name)) from enrolment_group eg
        join course_group g on g.id = eg.course_group_id where eg.enrolment_id = enrolment.id), '[]')`.as('groups'),
    )
    .select(
      sql<{ by: string; message: string } | null>`(
        select json_build_object('by', r.requested_by, 'message', r.message) from stop_request r
        where r.session_id = session.id and r.done_at is null order by r.id limit 1)`.as('stop_request'),
    );

export interface Sighting {
  readonly id: SessionId;
  readonly hubStartedAt: Date;
  readonly startedAt: Date;
  /** `startedAt` is the pod's: it corrects an earlier one that was the hub's. */
  readonly scheduled: boolean;
  readonly gpuState: GpuState;
}

/** Servers that a good snapshot shows. Start values are set once, but for a start that the pod corrects; times are the database clock's. */
export async function recordSightings(db: Db, now: Date, sightings: readonly Sighting[]): Promise<void> {
  if (sightings.length === 0) return;
  await sql`
    update session set
      first_seen_at = coalesce(first_seen_at, ${now}),
      last_seen_at = greatest(last_seen_at, ${now}),
      hub_started_at = coalesce(session.hub_started_at, v.hub_started_at),
      started_at = case when v.scheduled then v.started_at else coalesce(session.started_at, v.started_at) end,
      missed_snapshots = 0,
      gpu_state = v.gpu_state
    from unnest(
      ${sightings.map(({ id }) => id)}::uuid[],
      ${sightings.map(({ hubStartedAt }) => hubStartedAt)}::timestamptz[],
      ${sightings.map(({ startedAt }) => startedAt)}::timestamptz[],
      ${sightings.map(({ scheduled }) => scheduled)}::boolean[],
      ${sightings.map(({ gpuState }) => gpuState)}::text[]
    ) as v (id, hub_started_at, started_at, scheduled, gpu_state)
    where session.id = v.id and session.ended_at is null`.execute(db);
}

/** Servers that this good snapshot does not show. */
export async function recordMisses(db: Db, ids: readonly SessionId[]): Promise<void> {
  if (ids.length === 0) return;
  await db
    .updateTable('session')
    .set({ missed_snapshots: sql<number>`missed_snapshots + 1` })
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .where('ended_at', 'is', null)
    .execute();
}

/** Servers that are there again, ready or not: a restarted hub shows them as being checked. Misses count in a row only. */
export async function forgetMisses(db: Db, ids: readonly SessionId[]): Promise<void> {
  if (ids.length === 0) return;
  await db
    .updateTable('session')
    .set({ missed_snapshots: 0 })
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .where('ended_at', 'is', null)
    .execute();
}

export interface Announcement {
  readonly id: SessionId;
  readonly reason: StopReason;
  readonly stopAt: Date;
}

/** The form and the log say it; in the form's words `stop_at` is when it will happen. */
export async function announceStops(db: Db, now: Date, announcements: readonly Announcement[]): Promise<void> {
  if (announcements.length === 0) return;
  await sql`
    update session set pending_reason = v.reason, pending_since = ${now}, stop_at = v.stop_at, stop_reason = null, stop_started_at = null
    from unnest(
      ${announcements.map(({ id }) => id)}::uuid[],
      ${announcements.map(({ reason }) => reason)}::text[],
      ${announcements.map(({ stopAt }) => stopAt)}::timestamptz[]
    ) as v (id, reason, stop_at)
    where session.id = v.id and session.ended_at is null`.execute(db);
}

export async function cancelStops(db: Db, ids: readonly SessionId[]): Promise<void> {
  if (ids.length === 0) return;
  await db
    .updateTable('session')
    .set({ pending_reason: null, pending_since: null, stop_at: null, stop_reason: null, stop_started_at: null })
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .where('ended_at', 'is', null)
    .execute();
}

/**
 * Written before the hub is asked: whoever sees the end first (culler or the hub's post_stop_hook) gives this reason.
 * @returns false when the session is over: its server is gone or another run's, and must not be stopped.
 */
export async function markStopBegun(db: Db, id: SessionId, reason: StopReason): Promise<boolean> {
  const row = await db
    .updateTable('session')
    .set({ stop_reason: reason, stop_started_at: sql<Date>`coalesce(stop_started_at, clock_timestamp())` })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** The hub refused: an end of another cause must not carry our reason. */
export async function unmarkStop(db: Db, id: SessionId): Promise<void> {
  await db
    .updateTable('session')
    .set({ stop_reason: null, stop_started_at: null })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .execute();
}

/**
 * Ends a session once, whoever comes first.
 * @param endedAt null: now, by the database clock.
 */
export async function closeSession(db: Db, id: SessionId, reason: string, endedAt: Date | null): Promise<boolean> {
  const row = await db
    .updateTable('session')
    .set({
      ended_at: sql<Date>`greatest(${endedAt ?? sql`clock_timestamp()`}, started_at)`,
      end_reason: reason,
      pending_reason: null,
      pending_since: null,
      stop_at: null,
    })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

export const STOP_CHANNEL = 'coursehub_stop';

/** Asks the culler, the only one that stops servers, to stop a session now; it is woken. */
export async function requestStop(db: Db, id: SessionId, by: string, message: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    await trx.insertInto('stop_request').values({ session_id: id, requested_by: by, message }).execute();
    await sql`select pg_notify(${STOP_CHANNEL}, '')`.execute(trx);
  });
}

/** A request is done when its session has ended, by whatever cause. */
export async function finishStopRequests(db: Db): Promise<void> {
  await sql`
    update stop_request set done_at = clock_timestamp()
    from session where session.id = stop_request.session_id and session.ended_at is not null and done_at is null`.execute(
    db,
  );
}
