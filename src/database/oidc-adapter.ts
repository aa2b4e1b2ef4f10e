// Storage of oidc-provider: sessions, interactions, grants, codes, tokens in one table (bridge.md 7).
import { type Kysely, sql } from 'kysely';
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import type { Db } from './database.ts';
import type { Database } from './schema.ts';

/** One adapter per model name, as the library asks for it. */
export const createOidcAdapter =
  (db: Db) =>
  (model: string): Adapter => ({
    upsert: (id, payload, expiresIn) => upsert(db, model, id, payload, expiresIn),
    find: (id) => findBy(db, model, 'id', id),
    findByUid: (uid) => findBy(db, model, 'uid', uid),
    findByUserCode: (userCode) => findBy(db, model, 'user_code', userCode),
    consume: (id) => consume(db, model, id),
    async destroy(id) {
      await db.deleteFrom('oidc_payload').where('model', '=', model).where('id', '=', id).execute();
    },
    async revokeByGrantId(grantId) {
      // Per model: the library calls it once for each of them.
      await db.deleteFrom('oidc_payload').where('model', '=', model).where('grant_id', '=', grantId).execute();
    },
  });

async function upsert(
  db: Db,
  model: string,
  id: string,
  payload: AdapterPayload,
  expiresIn: number | undefined,
): Promise<void> {
  const columns = {
    payload: JSON.stringify(payload),
    grant_id: payload.grantId ?? null,
    uid: payload.uid ?? null,
    user_code: payload.userCode ?? null,
    expires_at:
      expiresIn === undefined ? null : sql<Date>`clock_timestamp() + make_interval(secs => ${expiresIn}::float8)`,
  };
  await db
    .insertInto('oidc_payload')
    .values({ model, id, ...columns })
    .onConflict((conflict) => conflict.columns(['model', 'id']).doUpdateSet(columns))
    .execute();
}

async function findBy(
  db: Db,
  model: string,
  column: 'id' | 'uid' | 'user_code',
  value: string,
): Promise<AdapterPayload | undefined> {
  // Codes, tokens and client ids come as anybody sent them; PostgreSQL refuses NUL in text.
  if (value.includes('\0')) return undefined;
  const row = await db
    .selectFrom('oidc_payload')
    .select(['payload', 'consumed_at'])
    .where('model', '=', model)
    .where(column, '=', value)
    .where(({ eb, or }) => or([eb('expires_at', 'is', null), eb('expires_at', '>', sql<Date>`clock_timestamp()`)]))
    .executeTakeFirst();
  if (!row) return undefined;
  const payload = row.payload as AdapterPayload;
  return row.consumed_at ? { ...payload, consumed: Math.floor(row.consumed_at.getTime() / 1000) } : payload;
}

/** The library finds, then consumes: of parallel redemptions only the one that sets `consumed_at` may go on (measured: else up to 12 of 12 win). */
async function consume(db: Db, model: string, id: string): Promise<void> {
  const row = await db
    .updateTable('oidc_payload')
    .set({ consumed_at: sql<Date>`clock_timestamp()` })
    .where('model', '=', model)
    .where('id', '=', id)
    .where('consumed_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  if (!row) throw new errors.InvalidGrant('already used');
}

/** Removes at most `limit` expired rows; returns how many. */
export async function deleteExpiredOidcRows(db: Kysely<Database>, limit: number): Promise<number> {
  const result =
    await sql`delete from oidc_payload where ctid = any(array(select ctid from oidc_payload where expires_at < clock_timestamp() limit ${limit}))`.execute(
      db,
    );
  return Number(result.numAffectedRows ?? 0n);
}
