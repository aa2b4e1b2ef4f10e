// The pool of connections to PostgreSQL and the database clock.
import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import pg from 'pg';
import type { Database } from './schema.ts';

export type Db = Kysely<Database>;

export interface DatabaseOptions {
  readonly url: string;
  readonly maxConnections: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
}

/**
 * Opens the pool; nothing is connected before the first query.
 * A statement that runs longer than 30 s is cut by the server, a connection attempt after 5 s.
 */
export function openDatabase(options: DatabaseOptions, onError: (error: Error) => void): Db {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections,
    application_name: options.applicationName,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 30_000,
    idle_in_transaction_session_timeout: 60_000,
  });
  // An idle connection that breaks (server restart) must not end the process.
  pool.on('error', onError);
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}

/**
 * Locks are taken first and what they guard is read afterwards: that needs a new snapshot per statement, whatever the server's default is
 * (`default_transaction_isolation`).
 */
export const inTransaction = <Result>(db: Db, work: (trx: Transaction<Database>) => Promise<Result>): Promise<Result> =>
  db.transaction().setIsolationLevel('read committed').execute(work);

/** The one clock of decisions: replicas and nodes may disagree (design 7, clocks). */
export async function databaseNow(db: Db): Promise<Date> {
  const result = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db);
  const row = result.rows[0];
  if (!row) throw new Error('PostgreSQL did not tell the time');
  return row.now;
}
