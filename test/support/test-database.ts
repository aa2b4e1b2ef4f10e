// A database of its own for one test file, migrated, dropped at the end.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { type Db, openDatabase } from '../../src/database/database.ts';
import { migrateToLatest } from '../../src/database/migrate.ts';

export interface TestDatabase {
  readonly db: Db;
  readonly url: string;
  readonly drop: () => Promise<void>;
}

/** Empty but migrated. Call `drop` in afterAll. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const adminUrl = inject('postgresUrl');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onAdmin(adminUrl, `create database ${name}`);
  const url = adminUrl.replace(/\/[^/]*$/, `/${name}`);
  const db = openDatabase({ url, maxConnections: 20, applicationName: 'test' }, () => undefined);
  await migrateToLatest(db);
  return {
    db,
    url,
    async drop() {
      await db.destroy();
      await onAdmin(adminUrl, `drop database if exists ${name} with (force)`);
    },
  };
}

async function onAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
