// migrate: waits for the database and brings its schema up to date, before a new version serves (an init container of the Helm chart).
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Environment } from '../../src/config/secrets.ts';
import { openDatabase } from '../../src/database/database.ts';
import { findPoolingFault } from '../../src/database/leader-lock.ts';
import { migrateToLatest } from '../../src/database/migrate.ts';
import { CommandFault, parseArguments } from './command-fault.ts';

/** @returns what is printed. Throws a CommandFault when the database does not answer in time. */
export async function runMigrate(args: readonly string[], env: Environment): Promise<string> {
  const { values, positionals } = parseArguments(args, ['config', 'wait']);
  const waitSeconds = Number(values['wait'] ?? 60);
  if (positionals.length > 0 || !values['config'] || !(waitSeconds >= 0))
    throw new CommandFault(2, 'migrate: say migrate --config FILE [--wait SECONDS]');
  const { secrets } = loadConfig(path.resolve(values['config']), env, []);
  const url = secrets.databaseUrl ?? '';
  const fault = await waitForDatabase(url, waitSeconds);
  if (fault) throw new CommandFault(1, fault);
  const db = openDatabase({ url, maxConnections: 1, applicationName: 'coursehub migrate' }, () => undefined);
  try {
    const done = await migrateToLatest(db);
    return done.length === 0 ? 'The database schema is up to date.' : `Migrations done: ${done.join(', ')}.`;
  } finally {
    await db.destroy();
  }
}

/** A sentence when it leads through a wrong proxy; null when it answers. */
async function waitForDatabase(url: string, seconds: number): Promise<string | null> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    try {
      return await findPoolingFault(url);
    } catch (error) {
      // pg's messages name host and user, never the password.
      const reason = (error instanceof Error && error.message) || (error as NodeJS.ErrnoException).code || 'error';
      if (performance.now() >= deadline)
        throw new CommandFault(1, `The database of DATABASE_URL does not answer after ${seconds} seconds: ${reason}`);
    }
    await sleep(1000);
  }
}
