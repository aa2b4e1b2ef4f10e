// Brings the schema up to date. Kysely's migrator takes a PostgreSQL advisory lock, so replicas that start together do not race.
import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import * as initial from './migrations/0001-initial.ts';
import type { Database } from './schema.ts';

const migrations: Record<string, Migration> = { '0001-initial': initial };

/** Runs what is missing. Throws when a migration fails; each runs in a transaction, so nothing is half-applied. */
export async function migrateToLatest(db: Kysely<Database>): Promise<readonly string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error, results } = await migrator.migrateToLatest();
  if (error) throw error;
  return (results ?? []).filter((result) => result.status === 'Success').map((result) => result.migrationName);
}
