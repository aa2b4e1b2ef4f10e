// A process as an operator starts and ends it: arguments, --check-config, SIGTERM, a port that is taken.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../src/runtime/free-port.ts';
import { eventually } from '../support/eventually.ts';
import { TEST_ENVIRONMENT, testConfigText } from '../support/test-config.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const main = path.join(import.meta.dirname, '..', '..', 'services', 'course-profiles', 'main.ts');
let database: TestDatabase;
let folder: string;
const started: Run[] = [];

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

beforeAll(async () => {
  database = await createTestDatabase();
  folder = mkdtempSync(path.join(tmpdir(), 'coursehub-process-'));
});
afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await database.drop();
});

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'], ...TEST_ENVIRONMENT, DATABASE_URL: database.url, ...env },
  });
  let text = '';
  child.stdout.on('data', (data: Buffer) => {
    text += data;
  });
  child.stderr.on('data', (data: Buffer) => {
    text += data;
  });
  const result: Run = {
    child,
    output: () => text,
    ended: once(child, 'close').then(([code]) => code as number | null),
  };
  started.push(result);
  return result;
}

function configFile(text: string): string {
  const file = path.join(folder, `${Math.random()}.yaml`);
  writeFileSync(file, text);
  return file;
}

describe('a service as a process', () => {
  it('--check-config says that a configuration is good, without starting anything', async () => {
    const { ended, output } = run(['--config', configFile(testConfigText()), '--check-config'], {
      DATABASE_URL: 'postgresql://nowhere.invalid/x',
    });
    expect(await ended).toBe(0);
    expect(output()).toContain('The configuration is good.');
    expect(output()).toContain('allowInsecureHttp is on');
  });

  it('--check-config names every fault and ends with 1', async () => {
    const { ended, output } = run(['--config', configFile(`${testConfigText()}\nsunc: {}`), '--check-config'], {
      DATABASE_URL: '',
    });
    expect(await ended).toBe(1);
    expect(output()).toMatch(
      /2 faults:[\s\S]*sunc: there is no such key[\s\S]*DATABASE_URL is missing|2 faults:[\s\S]*DATABASE_URL is missing[\s\S]*sunc/,
    );
  });

  it.each([
    ['no arguments', [], 1, 'usage: course-profiles --config FILE'],
    ['an unknown flag', ['--frob'], 2, "Unknown option '--frob'"],
    ['a file that is not there', ['--config', '/nowhere/x.yaml'], 1, '/nowhere/x.yaml cannot be read'],
  ])('refuses %s with a sentence', async (_what, args, code, sentence) => {
    const { ended, output } = run(args);
    expect(await ended).toBe(code);
    expect(output()).toContain(sentence);
  });

  it('drains on SIGTERM: not ready, still serving, then ends with 0', async () => {
    const opsPort = await freePort();
    const text = testConfigText().replace('opsPort: 0, drainSeconds: 0', `opsPort: ${opsPort}, drainSeconds: 2`);
    const { child, ended, output } = run(['--config', configFile(text)]);
    const readiness = async (): Promise<number> => (await fetch(`http://127.0.0.1:${opsPort}/readyz`)).status;
    await eventually(async () => (await readiness()) === 200, 'readiness');
    const signalledAt = performance.now();
    child.kill('SIGTERM');
    await eventually(async () => (await readiness()) === 503, 'readiness to go');
    expect((await fetch(`http://127.0.0.1:${opsPort}/healthz`)).status).toBe(200);
    expect(await ended).toBe(0);
    expect(performance.now() - signalledAt).toBeLessThan(10_000);
    expect(output()).toContain('"msg":"stopped"');
  });

  it('says which port is taken, and ends', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const address = holder.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const { ended, output } = run(['--config', configFile(testConfigText().replace('opsPort: 0', `opsPort: ${port}`))]);
    expect(await ended).toBe(1);
    expect(output()).toContain(`course-profiles cannot start: port ${port} of 127.0.0.1 is taken by another program`);
    holder.close();
  });

  it('says that the database cannot be reached, without the password', async () => {
    const { ended, output } = run(['--config', configFile(testConfigText())], {
      DATABASE_URL: 'postgresql://me:hush-hush@127.0.0.1:9/x',
    });
    expect(await ended).toBe(1);
    expect(output()).toMatch(
      /cannot start: PostgreSQL cannot be used \(connect ECONNREFUSED 127.0.0.1:9\): is DATABASE_URL right/,
    );
    expect(output()).not.toContain('hush-hush');
  });
});
