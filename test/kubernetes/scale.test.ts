// course-profiles as a process of its own beside 2,000 pods and 200 nodes: the number within 2 s, in 200 MB.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { seedRoster } from '../support/seed-roster.ts';
import { TEST_ENVIRONMENT, testConfigText } from '../support/test-config.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { FakeApiserver } from './fake-apiserver.ts';
import { wireNode, wirePod } from './wire-objects.ts';

const PODS = 2_000;
const NODES = 200;
const MEGABYTES = 200;
const root = path.resolve(import.meta.dirname, '..', '..');
const folder = mkdtempSync(path.join(tmpdir(), 'coursehub-scale-'));
const api = new FakeApiserver();
let database: TestDatabase;
let child: ChildProcess;
let ports: { internal: number; ops: number };

const onePod = (index: number) =>
  wirePod(`jupyter-${index}`, {
    user: `u${index}`,
    session: `s${index}`,
    gpus: index % 2,
    node: `gpu-${Math.floor(index / 2) % NODES}`,
  });

beforeAll(async () => {
  await api.start();
  for (let index = 0; index < NODES; index += 1) api.put('nodes', wireNode(`gpu-${index}`));
  for (let index = 0; index < PODS; index += 1) api.put('pods', onePod(index));
  database = await createTestDatabase();
  const roster = await seedRoster(database.db);
  await roster.enrol(await roster.person({ hubUsername: 'ann' }), await roster.course('DL202'));
  const config = path.join(folder, 'config.yaml');
  writeFileSync(config, testConfigText({}, 'kubernetes: { namespace: campus, nodes: true, otherPods: true }\n'));
  child = spawn(process.execPath, ['services/course-profiles/main.ts', '--config', config], {
    cwd: root,
    env: { ...TEST_ENVIRONMENT, PATH: process.env['PATH'], DATABASE_URL: database.url, KUBECONFIG: api.kubeconfig() },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (!child.stdout) throw new Error('no output');
  for await (const line of createInterface(child.stdout)) {
    const entry = JSON.parse(line) as { msg: string; ports: typeof ports };
    if (entry.msg !== 'started') continue;
    ports = entry.ports;
    break;
  }
  child.stdout.resume();
});
afterAll(async () => {
  if (child && child.exitCode === null) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }
  await database?.drop();
  await api.remove();
  rmSync(folder, { recursive: true, force: true });
});

const badge = async (): Promise<string | undefined> => {
  const response = await fetch(`http://127.0.0.1:${ports.internal}/internal/v1/form?user=ann&server=`, {
    headers: { Authorization: 'Bearer internal-token-hub' },
  });
  return /fw-normal">([^<]*)</.exec(await response.text())?.[1];
};
/** Resident memory now and at most, in MB. */
const memory = (): readonly [number, number] => {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const of = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1000;
  return [of('VmRSS'), of('VmHWM')];
};

it('shows the number within 2 s of a change, in bounded memory', async () => {
  await eventually(async () => (await fetch(`http://127.0.0.1:${ports.ops}/readyz`)).ok, 'readiness', 30_000);
  const total = NODES * 8;
  let taken = PODS / 2;
  expect(await badge()).toBe(`${total - taken} of ${total} free now`);
  for (let round = 0; round < 10; round += 1) {
    // Each round every tenth pod changes in some other way, and one takes two more GPUs.
    for (let index = round; index < PODS; index += 10) api.put('pods', onePod(index));
    api.put('pods', wirePod(`new-${round}`, { user: `n${round}`, gpus: 2, node: `gpu-${round}` }));
    taken += 2;
    await eventually(async () => (await badge()) === `${total - taken} of ${total} free now`, 'the number', 2_000);
    await Promise.all(Array.from({ length: 30 }, badge));
  }
  api.compact();
  api.dropWatches('end');
  api.put('nodes', wireNode('gpu-more'));
  await eventually(
    async () => (await badge())?.endsWith(`of ${total + 8} free now`),
    'the number after a relist',
    10_000,
  );
  const [now, most] = memory();
  process.stdout.write(`course-profiles beside ${PODS} pods: ${Math.round(now)} MB, at most ${Math.round(most)} MB\n`);
  expect(now).toBeLessThanOrEqual(MEGABYTES);
}, 120_000);
