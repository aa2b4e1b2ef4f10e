// Persons: found or made at sign-in, their hub username allocated once and for life.
import { type Selectable, sql } from 'kysely';
import {
  type HubUsername,
  hubUsername,
  type MoodleUserId,
  moodleUserId,
  type PersonId,
  personId,
} from '../domain/ids.ts';
import type { MoodleAccount } from '../domain/people/moodle-account.ts';
import type { Db } from './database.ts';
import type { Database } from './schema.ts';

export interface Person {
  readonly id: PersonId;
  readonly moodleId: MoodleUserId;
  readonly hubUsername: HubUsername | null;
  readonly moodleUsername: string;
  readonly fullName: string;
  readonly email: string;
  readonly suspended: boolean;
  readonly deleted: boolean;
}

/** Our id of the Moodle site with this wwwroot; made when it is new. */
export async function ensurePlatform(db: Db, issuer: string): Promise<string> {
  await db
    .insertInto('platform')
    .values({ issuer })
    .onConflict((conflict) => conflict.column('issuer').doNothing())
    .execute();
  const row = await db.selectFrom('platform').select('id').where('issuer', '=', issuer).executeTakeFirstOrThrow();
  return row.id;
}

/**
 * Finds the person by (platform, Moodle id) or makes them. An older observation never overwrites a newer one (design 3, Sync).
 * Suspension and deletion stay as moodle-sync found them: a sign-in does not show them (moodle.md 1.9).
 * @param observedAt database clock, taken before Moodle was asked.
 */
export async function upsertSignedInPerson(
  db: Db,
  platformId: string,
  account: MoodleAccount,
  observedAt: Date,
): Promise<Person> {
  const columns = {
    moodle_username: account.username,
    full_name: account.fullName,
    email: account.email,
    lang: account.lang,
    observed_at: observedAt,
  };
  await db
    .insertInto('person')
    .values({ platform_id: platformId, moodle_id: account.moodleId, suspended: false, deleted: false, ...columns })
    .onConflict((conflict) =>
      conflict.columns(['platform_id', 'moodle_id']).doUpdateSet(columns).where('person.observed_at', '<=', observedAt),
    )
    .execute();
  const row = await db
    .selectFrom('person')
    .selectAll()
    .where('platform_id', '=', platformId)
    .where('moodle_id', '=', account.moodleId)
    .executeTakeFirstOrThrow();
  return toPerson(row);
}

export async function findPerson(db: Db, id: string): Promise<Person | null> {
  if (!/^[1-9][0-9]{0,17}$/.test(id)) return null;
  const row = await db.selectFrom('person').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toPerson(row) : null;
}

/**
 * Gives the person the first candidate that nobody has; a person who has a name keeps it, whatever the candidates.
 * @returns null when all candidates are taken.
 */
export async function allocateHubUsername(
  db: Db,
  id: PersonId,
  candidates: readonly string[],
): Promise<HubUsername | null> {
  for (const candidate of candidates) {
    try {
      const updated = await db
        .updateTable('person')
        .set({ hub_username: candidate })
        .where('id', '=', id)
        .where('hub_username', 'is', null)
        .returning('hub_username')
        .executeTakeFirst();
      if (updated) return hubUsername(candidate);
      // Nothing updated: another request has named this person meanwhile.
      return (await findPerson(db, id))?.hubUsername ?? null;
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
    }
  }
  return null;
}

export async function markSignedIn(db: Db, id: PersonId): Promise<void> {
  await db
    .updateTable('person')
    .set({ last_signed_in_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .execute();
}

const isUniqueViolation = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && (error as { code?: string }).code === '23505';

function toPerson(row: Selectable<Database['person']>): Person {
  return {
    id: personId(row.id),
    moodleId: moodleUserId(row.moodle_id),
    hubUsername: row.hub_username === null ? null : hubUsername(row.hub_username),
    moodleUsername: row.moodle_username,
    fullName: row.full_name,
    email: row.email,
    suspended: row.suspended,
    deleted: row.deleted,
  };
}
