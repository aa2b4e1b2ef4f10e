// Writes what Moodle says about accounts: names, e-mail, suspension, deletion. Never the hub username: that one is given at sign-in and stays.
import { sql } from 'kysely';
import { type MoodleUserId, moodleUserId, type PersonId } from '../domain/ids.ts';
import type { ObservedAccount } from '../domain/sync/observed.ts';
import type { Db } from './database.ts';
import { isOlderThan } from './observed-at.ts';

export interface AccountChanges {
  readonly added: number;
  readonly renamed: number;
  readonly suspended: number;
  readonly unsuspended: number;
  readonly deleted: number;
}

export interface StoredAccount {
  readonly id: PersonId;
  readonly moodleId: MoodleUserId;
  readonly suspended: boolean;
  readonly deleted: boolean;
}

/**
 * Inserts and updates by (platform, Moodle id); what was observed later stays. In the order of ids: two writers wait for each other instead of deadlocking.
 * A deleted account keeps its old names (Moodle mangles them, moodle.md 2.4) and is not inserted; an empty username or e-mail never replaces one.
 * @param observedAt database time before Moodle was asked.
 */
export async function storeAccounts(
  db: Db,
  platformId: string,
  accounts: readonly ObservedAccount[],
  observedAt: Date,
): Promise<AccountChanges> {
  if (accounts.length === 0) return NO_CHANGES;
  const before = await findForComparison(db, platformId, accounts, observedAt);
  const rows = accounts
    .filter((account) => !account.deleted || before.has(account.moodleId))
    .map((account) => ({
      moodle_id: account.moodleId,
      moodle_username: account.username,
      full_name: account.fullName,
      email: account.email,
      lang: account.lang,
      suspended: account.suspended,
      deleted: account.deleted,
    }));
  await sql`
    insert into person (platform_id, moodle_id, moodle_username, full_name, email, lang, suspended, deleted, observed_at)
    select ${platformId}::bigint, r.moodle_id, r.moodle_username, r.full_name, r.email, r.lang, r.suspended, r.deleted, ${observedAt}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as r(moodle_id text, moodle_username text, full_name text, email text, lang text, suspended boolean, deleted boolean)
    order by r.moodle_id
    on conflict (platform_id, moodle_id) do update set
      moodle_username = case when excluded.deleted or excluded.moodle_username = '' then person.moodle_username else excluded.moodle_username end,
      full_name = case when excluded.deleted then person.full_name else excluded.full_name end,
      email = case when excluded.deleted or excluded.email = '' then person.email else excluded.email end,
      lang = case when excluded.deleted then person.lang else excluded.lang end,
      suspended = excluded.suspended,
      deleted = excluded.deleted,
      observed_at = excluded.observed_at
    where ${isOlderThan('person.observed_at', observedAt)}`.execute(db);
  return countChanges(before, accounts);
}

interface ComparedAccount {
  readonly moodle_username: string;
  readonly full_name: string;
  readonly email: string;
  readonly suspended: boolean;
  readonly deleted: boolean;
  readonly replaceable: boolean;
}

async function findForComparison(
  db: Db,
  platformId: string,
  accounts: readonly ObservedAccount[],
  observedAt: Date,
): Promise<ReadonlyMap<string, ComparedAccount>> {
  const rows = await db
    .selectFrom('person')
    .select(['moodle_id', 'moodle_username', 'full_name', 'email', 'suspended', 'deleted'])
    .select(isOlderThan('observed_at', observedAt).as('replaceable'))
    .where('platform_id', '=', platformId)
    .where(
      'moodle_id',
      'in',
      accounts.map((account) => account.moodleId),
    )
    .execute();
  return new Map(rows.map((row) => [row.moodle_id, row]));
}

const NO_CHANGES: AccountChanges = { added: 0, renamed: 0, suspended: 0, unsuspended: 0, deleted: 0 };

/** For metrics: a writer at the same moment may make a count wrong, never a row. */
function countChanges(
  before: ReadonlyMap<string, ComparedAccount>,
  accounts: readonly ObservedAccount[],
): AccountChanges {
  const changes = { ...NO_CHANGES } as { -readonly [Kind in keyof AccountChanges]: number };
  for (const account of accounts) {
    const old = before.get(account.moodleId);
    if (!old) {
      if (!account.deleted) changes.added += 1;
      continue;
    }
    if (!old.replaceable) continue;
    if (account.deleted) {
      if (!old.deleted) changes.deleted += 1;
      continue;
    }
    if (account.suspended && !old.suspended) changes.suspended += 1;
    if (!account.suspended && old.suspended) changes.unsuspended += 1;
    const isRenamed =
      old.full_name !== account.fullName ||
      (account.username !== '' && old.moodle_username !== account.username) ||
      (account.email !== '' && old.email !== account.email);
    if (isRenamed) changes.renamed += 1;
  }
  return changes;
}

/** A person by our own id; null when there is none. */
export async function findAccount(db: Db, platformId: string, personId: PersonId): Promise<StoredAccount | null> {
  const row = await db
    .selectFrom('person')
    .select(['moodle_id', 'suspended', 'deleted'])
    .where('id', '=', personId)
    .where('platform_id', '=', platformId)
    .executeTakeFirst();
  if (!row) return null;
  return { id: personId, moodleId: moodleUserId(row.moodle_id), suspended: row.suspended, deleted: row.deleted };
}

/** Which of these people are stored. */
export async function findStoredIds(
  db: Db,
  platformId: string,
  ids: readonly MoodleUserId[],
): Promise<ReadonlySet<MoodleUserId>> {
  const rows = await sql<{ moodle_id: string }>`
    select moodle_id from person where platform_id = ${platformId} and moodle_id = any(${[...ids]}::text[])`.execute(
    db,
  );
  return new Set(rows.rows.map((row) => moodleUserId(row.moodle_id)));
}

/** People whose account matters although no roster may name them: they have signed in, or are enrolled somewhere. */
export async function listPeopleToRefresh(db: Db, platformId: string): Promise<readonly MoodleUserId[]> {
  const rows = await sql<{ moodle_id: string }>`
    select moodle_id from person
    where platform_id = ${platformId}
      and (hub_username is not null or exists (select from enrolment where enrolment.person_id = person.id))
    order by id`.execute(db);
  return rows.rows.map((row) => moodleUserId(row.moodle_id));
}
