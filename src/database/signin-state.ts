// Everything of a sign-in that is under way: rows, so that any replica can go on with it. Take = delete … returning.
import { sql } from 'kysely';
import type { Db } from './database.ts';

/** Stores a value that lives `lifetimeSeconds`; a second put under the same key replaces it. */
export async function putSigninState(
  db: Db,
  kind: string,
  key: string,
  payload: Record<string, unknown>,
  lifetimeSeconds: number,
): Promise<void> {
  const expiresAt = sql<Date>`clock_timestamp() + make_interval(secs => ${lifetimeSeconds})`;
  await db
    .insertInto('signin_state')
    .values({ kind, key, payload: JSON.stringify(payload), expires_at: expiresAt })
    .onConflict((conflict) =>
      conflict.columns(['kind', 'key']).doUpdateSet({ payload: JSON.stringify(payload), expires_at: expiresAt }),
    )
    .execute();
}

/** One use: of several callers exactly one gets the value. */
export async function takeSigninState(db: Db, kind: string, key: string): Promise<Record<string, unknown> | null> {
  const row = await db
    .deleteFrom('signin_state')
    .where('kind', '=', kind)
    .where('key', '=', key)
    .returning(['payload', sql<boolean>`expires_at > clock_timestamp()`.as('alive')])
    .executeTakeFirst();
  return row?.alive ? row.payload : null;
}

export async function findSigninState(db: Db, kind: string, key: string): Promise<Record<string, unknown> | null> {
  const row = await db
    .selectFrom('signin_state')
    .select('payload')
    .where('kind', '=', kind)
    .where('key', '=', key)
    .where('expires_at', '>', sql<Date>`clock_timestamp()`)
    .executeTakeFirst();
  return row?.payload ?? null;
}

/** Removes at most `limit` expired rows; returns how many. */
export async function deleteExpiredSigninState(db: Db, limit: number): Promise<number> {
  const result =
    await sql`delete from signin_state where ctid = any(array(select ctid from signin_state where expires_at < clock_timestamp() limit ${limit}))`.execute(
      db,
    );
  return Number(result.numAffectedRows ?? 0n);
}
