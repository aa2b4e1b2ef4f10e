// The embedded PostgreSQL and Ctrl-C, which a terminal sends to the whole process group.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';

const room = path.join(import.meta.dirname, '..', '..', 'src', 'runtime', 'embedded-postgres.ts');
/** Works on with the database after Ctrl-C, as a process does that drains. */
const PROGRAM = `
const { startEmbeddedPostgres } = await import(${JSON.stringify(room)});
const { default: pg } = await import('pg');
const server = await startEmbeddedPostgres({ directory: process.env.DIRECTORY, throwaway: true });
process.once('SIGINT', async () => {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query('select pg_sleep(0.5)');
  await client.end();
  await server.stop();
  await server.stop();
  process.exit(0);
});
console.log('ready');
setInterval(() => undefined, 1000);
`;
let folder: string;
let child: ChildProcess;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'coursehub-embedded-'));
  // PostgreSQL does not run as root: its own user must be able to enter.
  chmodSync(folder, 0o755);
});
afterEach(() => {
  child.kill('SIGKILL');
  const pidFile = path.join(folder, 'data', 'postmaster.pid');
  if (existsSync(pidFile)) process.kill(Number.parseInt(readFileSync(pidFile, 'utf8'), 10), 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

it('outlives Ctrl-C until it is stopped, and then leaves nothing', async () => {
  const directory = path.join(folder, 'data');
  child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    detached: true,
    cwd: import.meta.dirname,
    env: { PATH: process.env['PATH'], DIRECTORY: directory },
  });
  let output = '';
  child.stdout?.on('data', (data: Buffer) => {
    output += data;
  });
  await eventually(() => output.includes('ready'), 'PostgreSQL', 20_000);
  const ended = once(child, 'exit');
  process.kill(-(child.pid as number), 'SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(existsSync(directory)).toBe(false);
}, 40_000);
