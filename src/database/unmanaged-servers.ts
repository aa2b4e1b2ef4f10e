// Servers that run without a session: shown and counted, never stopped by default (design 3).
import { sql } from 'kysely';
import { type Db, inTransaction } from './database.ts';

export interface UnmanagedServer {
  readonly hubUsername: string;
  readonly serverName: string;
}

/**
 * The table is what a good snapshot shows now; `first_seen_at` stays for one that was there before.
 * @returns the new ones.
 */
export async function recordUnmanagedServers(
  db: Db,
  now: Date,
  servers: readonly UnmanagedServer[],
): Promise<readonly UnmanagedServer[]> {
  const names = sql`unnest(
    ${servers.map(({ hubUsername }) => hubUsername)}::text[],
    ${servers.map(({ serverName }) => serverName)}::text[]) as v (hub_username, server_name)`;
  return inTransaction(db, async (trx) => {
    await sql`delete from unmanaged_server u where not exists (
      select 1 from ${names} where v.hub_username = u.hub_username and v.server_name = u.server_name)`.execute(trx);
    const result = await sql<{ hub_username: string; server_name: string; is_new: boolean }>`
      insert into unmanaged_server (hub_username, server_name, first_seen_at, last_seen_at)
      select v.hub_username, v.server_name, ${now}::timestamptz, ${now}::timestamptz from ${names}
      on conflict (hub_username, server_name) do update set last_seen_at = excluded.last_seen_at
      returning hub_username, server_name, first_seen_at = last_seen_at as is_new`.execute(trx);
    return result.rows
      .filter((row) => row.is_new)
      .map((row) => ({ hubUsername: row.hub_username, serverName: row.server_name }));
  });
}
