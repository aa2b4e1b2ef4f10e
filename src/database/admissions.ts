// Sessions as admission writes and counts them: open ones in use, the binding row, the end that the hub reports.
import { sql } from 'kysely';
import type { HubUsername, PersonId } from '../domain/ids.ts';
import type { Db } from './database.ts';

export interface OpenCounts {
  /** Open sessions of the person, by course profile id. */
  readonly personSessions: ReadonlyMap<string, number>;
  /** Open sessions of everybody, by course profile id. */
  readonly courseSessions: ReadonlyMap<string, number>;
  /** GPUs of open sessions, by pool. */
  readonly poolGpus: ReadonlyMap<string, number>;
}

/**
 * Counts open sessions in one query, without the one of (hubUsername, serverName): a start replaces it.
 * An admission counts from the moment it is given until it is closed or released.
 */
export async function countOpenSessions(
  db: Db,
  person: PersonId,
  name: HubUsername,
  serverName: string,
  courseProfileIds: readonly string[],
): Promise<OpenCounts> {
  const rows = await db
    .selectFrom('session')
    .where('ended_at', 'is', null)
    .where(({ not, and, eb }) => not(and([eb('hub_username', '=', name), eb('server_name', '=', serverName)])))
    .where(({ or, eb }) =>
      or([
        eb('pool', 'is not', null),
        eb('course_profile_id', '=', sql<string>`any(${[...courseProfileIds]}::text[])`),
      ]),
    )
    .groupBy(['course_profile_id', 'pool'])
    .select(['course_profile_id', 'pool'])
    .select(sql<number>`count(*)::int`.as('sessions'))
    .select(sql<number>`count(*) filter (where person_id = ${person})::int`.as('own'))
    .select(sql<number>`coalesce(sum(gpu_count), 0)::int`.as('gpus'))
    .execute();
  const counts = {
    personSessions: new Map<string, number>(),
    courseSessions: new Map<string, number>(),
    poolGpus: new Map<string, number>(),
  };
  const add = (map: Map<string, number>, key: string, amount: number): void =>
    void map.set(key, (map.get(key) ?? 0) + amount);
  for (const row of rows) {
    add(counts.courseSessions, row.course_profile_id, row.sessions);
    add(counts.personSessions, row.course_profile_id, row.own);
    if (row.pool !== null) add(counts.poolGpus, row.pool, row.gpus);
  }
  return counts;
}

/**
 * Serialises admissions that could overrun the same limit: advisory locks for this transaction, in one order (sorted), so that none waits in a circle.
 * Not row locks: a pool and a course profile come from the config and have no row, and moodle-sync locks course rows.
 */
export async function lockLimits(trx: Db, limits: readonly string[]): Promise<void> {
  for (const limit of [...limits].sort()) {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`coursehub:limit:${limit}`}, 0))`.execute(trx);
  }
}

export interface NewSession {
  readonly requestId: string;
  readonly personId: PersonId;
  readonly hubUsername: HubUsername;
  readonly serverName: string;
  readonly courseId: string;
  readonly courseProfileId: string;
  readonly snapshot: object;
  readonly pool: string | null;
  readonly gpuResource: string | null;
  readonly gpuCount: number;
  readonly gpuWeight: number;
  readonly namespace: string;
  readonly pod: string;
  readonly admissionExpiresAt: Date;
  readonly mustEndAt: Date | null;
}

/** Writes the binding row; `(hub_username, server_name)` must have no open session (the unique index backs it). */
export async function insertSession(trx: Db, session: NewSession): Promise<string> {
  const row = await trx
    .insertInto('session')
    .values({
      request_id: session.requestId,
      person_id: session.personId,
      hub_username: session.hubUsername,
      server_name: session.serverName,
      course_id: session.courseId,
      course_profile_id: session.courseProfileId,
      snapshot: JSON.stringify(session.snapshot),
      pool: session.pool,
      gpu_resource: session.gpuResource,
      gpu_count: session.gpuCount,
      gpu_weight: session.gpuWeight,
      namespace: session.namespace,
      pod: session.pod,
      admission_expires_at: session.admissionExpiresAt,
      must_end_at: session.mustEndAt,
      admitted_at: sql<Date>`clock_timestamp()`,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

export interface StoredAdmission {
  readonly sessionId: string;
  readonly courseProfileId: string;
  readonly hubUsername: string;
  readonly serverName: string;
  readonly mustEndAt: Date | null;
  readonly open: boolean;
}

/** The admission of an earlier try of the same request. */
export async function findAdmission(db: Db, requestId: string): Promise<StoredAdmission | null> {
  const row = await db.selectFrom('session').selectAll().where('request_id', '=', requestId).executeTakeFirst();
  if (!row) return null;
  return {
    sessionId: row.id,
    courseProfileId: row.course_profile_id,
    hubUsername: row.hub_username,
    serverName: row.server_name,
    mustEndAt: row.must_end_at,
    open: row.ended_at === null,
  };
}

/**
 * Closes the open session of a server because a new start proves that none of that name runs (design 3).
 * Time held ends when it was last seen: in the student's favour.
 */
export async function closeReplacedSession(trx: Db, name: HubUsername, serverName: string): Promise<string | null> {
  const row = await trx
    .updateTable('session')
    .set({
      ended_at: sql<Date>`greatest(coalesce(last_seen_at, admitted_at), started_at)`,
      end_reason: sql<string>`coalesce(stop_reason, 'replaced')`,
      pending_reason: null,
      pending_since: null,
      stop_at: null,
    })
    .where('hub_username', '=', name)
    .where('server_name', '=', serverName)
    .where('ended_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row?.id ?? null;
}

/**
 * Closes the session of a server that the hub says has stopped, now by the database clock.
 * With a session id only that one: a late call for an earlier run must not end the next.
 * @returns the id, or null when no such session is open (already closed by the culler: nothing to do).
 */
export async function endStoppedSession(
  db: Db,
  name: string,
  serverName: string,
  session: string | null,
): Promise<{ readonly id: string; readonly reason: string } | null> {
  let query = db
    .updateTable('session')
    .set({
      ended_at: sql<Date>`greatest(clock_timestamp(), started_at)`,
      end_reason: sql<string>`coalesce(stop_reason, 'server_stopped')`,
      pending_reason: null,
      pending_since: null,
      stop_at: null,
    })
    .where(sql<string>`lower(hub_username)`, '=', name.toLowerCase())
    .where('server_name', '=', serverName)
    .where('ended_at', 'is', null);
  if (session !== null) query = query.where('id', '=', session);
  const row = await query.returning(['id', 'end_reason']).executeTakeFirst();
  return row ? { id: row.id, reason: row.end_reason ?? 'server_stopped' } : null;
}

export interface SessionForForm {
  readonly serverName: string;
  readonly snapshot: unknown;
  readonly endedAt: Date | null;
  readonly endReason: string | null;
  readonly pendingReason: string | null;
  readonly stopAt: Date | null;
}

/** The newest session of a server, open or ended. */
export async function findLatestSession(db: Db, person: PersonId, serverName: string): Promise<SessionForForm | null> {
  const row = await db
    .selectFrom('session')
    .select(['server_name', 'snapshot', 'ended_at', 'end_reason', 'pending_reason', 'stop_at'])
    .where('person_id', '=', person)
    .where('server_name', '=', serverName)
    .orderBy('admitted_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) return null;
  return {
    serverName: row.server_name,
    snapshot: row.snapshot,
    endedAt: row.ended_at,
    endReason: row.end_reason,
    pendingReason: row.pending_reason,
    stopAt: row.stop_at,
  };
}
