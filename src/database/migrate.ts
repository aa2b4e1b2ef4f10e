// Brings the schema up to date. Kysely's migrator takes a PostgreSQL advisory lock, so replicas that start together do not race.
import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import * as initial from './migrations/0001-initial.ts';
import type { Database } from './schema.ts';

const migrations: Record<string, Migration> = { '0001-initial': initial };

/**
 * Runs what is missing. Throws when a migration fails; each runs in a transaction, so nothing is half-applied.
 * A database of a newer version is left as it is: after `helm rollback`, and while an upgrade replaces pods, the last version works on the new schema.
 */
export async function migrateToLatest(db: Kysely<Database>): Promise<readonly string[]> {
  if (await isNewer(db)) return [];
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error, results } = await migrator.migrateToLatest();
  if (error) throw error;
  return (results ?? []).filter((result) => result.status === 'Success').map((result) => result.migrationName);
}

/** True when the database has had migrations that this version does not know. Kysely alone would refuse it as corrupted. */
async function isNewer(db: Kysely<Database>): Promise<boolean> {
  const { rows } = await sql<{ there: boolean }>`select to_regclass('kysely_migration') is not null as there`.execute(
    db,
  );
  if (!rows[0]?.there) return false;
  const done = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  return done.rows.some(({ name }) => !Object.hasOwn(migrations, name));
}
