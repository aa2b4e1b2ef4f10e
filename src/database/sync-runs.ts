// The history of roster runs, and the Moodle roles that nobody mapped.
import { sql } from 'kysely';
import type { Db } from './database.ts';

export type RunOutcome = 'done' | 'partial' | 'failed';

export interface SiteRun {
  readonly id: string;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  readonly outcome: 'running' | RunOutcome;
  readonly summary: Readonly<Record<string, unknown>>;
}

export async function startSiteRun(db: Db): Promise<string> {
  const row = await db
    .insertInto('sync_run')
    .values({ kind: 'site', started_at: sql<Date>`clock_timestamp()`, outcome: 'running', summary: '{}' })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

export async function finishSiteRun(
  db: Db,
  id: string,
  outcome: RunOutcome,
  summary: Readonly<Record<string, unknown>>,
): Promise<void> {
  await db
    .updateTable('sync_run')
    .set({ finished_at: sql<Date>`clock_timestamp()`, outcome, summary: JSON.stringify(summary) })
    .where('id', '=', id)
    .execute();
}

/** For the holder of the run lock: a site run that is still `running` belongs to a process that is gone. */
export async function closeAbandonedRuns(db: Db): Promise<void> {
  await db
    .updateTable('sync_run')
    .set({
      finished_at: sql<Date>`clock_timestamp()`,
      outcome: 'failed',
      summary: JSON.stringify({ error: 'the process ended during the run' }),
    })
    .where('kind', '=', 'site')
    .where('outcome', '=', 'running')
    .execute();
}

/** One row for a person's refresh that read something. */
export async function recordPersonRun(
  db: Db,
  startedAt: Date,
  outcome: RunOutcome,
  summary: Readonly<Record<string, unknown>>,
): Promise<void> {
  await db
    .insertInto('sync_run')
    .values({
      kind: 'person',
      started_at: startedAt,
      finished_at: sql<Date>`clock_timestamp()`,
      outcome,
      summary: JSON.stringify(summary),
    })
    .execute();
}

/** The newest site run of all replicas. */
export async function findLatestSiteRun(db: Db): Promise<SiteRun | null> {
  return toRun(
    await db
      .selectFrom('sync_run')
      .selectAll()
      .where('kind', '=', 'site')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst(),
  );
}

export async function findSiteRun(db: Db, id: string): Promise<SiteRun | null> {
  return toRun(
    await db.selectFrom('sync_run').selectAll().where('id', '=', id).where('kind', '=', 'site').executeTakeFirst(),
  );
}

interface RunRow {
  id: string;
  started_at: Date;
  finished_at: Date | null;
  outcome: SiteRun['outcome'];
  summary: Record<string, unknown>;
}

const toRun = (row: RunRow | undefined): SiteRun | null =>
  row
    ? {
        id: row.id,
        startedAt: row.started_at,
        finishedAt: row.finished_at,
        outcome: row.outcome,
        summary: row.summary,
      }
    : null;

/** Remembers roles that the map does not name, with the time when they were last seen. */
export async function storeUnmappedRoles(
  db: Db,
  platformId: string,
  shortnames: readonly string[],
  seenAt: Date,
): Promise<void> {
  if (shortnames.length === 0) return;
  await db
    .insertInto('unmapped_role')
    .values([...shortnames].sort().map((shortname) => ({ platform_id: platformId, shortname, seen_at: seenAt })))
    .onConflict((conflict) =>
      conflict
        .columns(['platform_id', 'shortname'])
        .doUpdateSet({ seen_at: sql<Date>`greatest(unmapped_role.seen_at, excluded.seen_at)` }),
    )
    .execute();
}

/** After a complete run: roles that it did not see are no longer in use, or are mapped now. @returns how many are left. */
export async function forgetUnmappedRoles(db: Db, platformId: string, notSeenSince: Date): Promise<number> {
  await db
    .deleteFrom('unmapped_role')
    .where('platform_id', '=', platformId)
    .where('seen_at', '<', notSeenSince)
    .execute();
  return countUnmappedRoles(db, platformId);
}

export async function countUnmappedRoles(db: Db, platformId: string): Promise<number> {
  const row = await db
    .selectFrom('unmapped_role')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('platform_id', '=', platformId)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Courses whose newest roster was not applied. */
export async function countHeldCourses(db: Db, platformId: string): Promise<number> {
  const row = await db
    .selectFrom('course')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('platform_id', '=', platformId)
    .where('roster_held_reason', 'is not', null)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}
