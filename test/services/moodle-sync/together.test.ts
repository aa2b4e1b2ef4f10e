// Several processes, a kill in the middle, observations that arrive late: one run at a time, courses whole, the newest wins.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAccountReader } from '../../../services/moodle-sync/account-reader.ts';
import type { SyncContext } from '../../../services/moodle-sync/sync-context.ts';
import { syncCourse } from '../../../services/moodle-sync/sync-course.ts';
import { createSyncMetrics } from '../../../services/moodle-sync/sync-metrics.ts';
import { ensurePlatform } from '../../../src/database/people.ts';
import { courseId } from '../../../src/domain/ids.ts';
import { createMoodleWebService } from '../../../src/moodle/web-service.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { courseByShortname, userByUsername } from '../../simulators/moodle/model.ts';
import { enrol, unenrol } from '../../simulators/moodle/site-changes.ts';
import { eventually } from '../../support/eventually.ts';
import { TEST_ENVIRONMENT, testConfig, testConfigText } from '../../support/test-config.ts';
import {
  courseRow,
  createSyncHarness,
  post,
  rosterLines,
  type SyncHarness,
  syncNow,
  testCampus,
} from './sync-harness.ts';

let harness: SyncHarness;
const site = testCampus();
const userId = (name: string): number => userByUsername(site, name).id;
const dl = courseByShortname(site, 'DL202').id;
const ds = courseByShortname(site, 'DS101').id;
const folder = mkdtempSync(path.join(tmpdir(), 'coursehub-sync-'));

beforeAll(async () => {
  harness = await createSyncHarness(site);
});
afterEach(() => harness.moodle.faults.clear());
afterAll(async () => {
  await harness.stop();
  rmSync(folder, { recursive: true, force: true });
});

const siteRuns = () =>
  harness.db.selectFrom('sync_run').selectAll().where('kind', '=', 'site').orderBy('started_at').execute();

describe('two processes', () => {
  it('never run at the same time, and whoever asks joins the run that goes on', async () => {
    const [one, two] = await Promise.all([harness.startProcess(), harness.startProcess()]);
    harness.moodle.faults.latencyMilliseconds = 10;
    const asked = [one, two, one, two, one, two].map((process) => post(process, '/sync?wait=1'));
    const answers = await Promise.all(asked);
    expect(answers.map((answer) => [answer.status, answer.body.outcome])).toEqual(asked.map(() => [200, 'done']));
    expect(new Set(answers.map((answer) => answer.body.run)).size).toBeLessThanOrEqual(2);
    const runs = await siteRuns();
    for (const [index, run] of runs.entries()) {
      const next = runs[index + 1];
      if (next) expect(next.started_at.getTime()).toBeGreaterThanOrEqual(run.finished_at?.getTime() ?? Infinity);
    }
    await Promise.all([one.stop(), two.stop()]);
  });

  it('the timer goes on in the other one when its leader ends', async () => {
    const more = 'sync: { every: 1s }';
    const first = await harness.startProcess({ more });
    const second = await harness.startProcess({ more });
    await first.stop();
    const before = (await siteRuns()).length;
    await eventually(async () => (await siteRuns()).length > before + 1, 'two more runs by the timer');
    await second.stop();
  });
});

describe('an observation that arrives late', () => {
  it('does not overwrite a newer one', async () => {
    const context = createContext();
    const course = await courseRow(harness.db, 'DL202');
    const target = { id: courseId(course.id), moodleId: course.moodle_id };
    const gate = Promise.withResolvers<void>();
    // The real client, held up before its last call of a roster.
    const slow = {
      ...context.moodle,
      listCourseGroups: (id: Parameters<typeof context.moodle.listCourseGroups>[0]) =>
        gate.promise.then(() => context.moodle.listCourseGroups(id)),
    };
    const late = syncCourse(
      { ...context, moodle: slow },
      target,
      createAccountReader(context, true, () => undefined),
    );
    const lists = harness.moodle.calls.length;
    await eventually(() => harness.moodle.calls.length >= lists + 2, 'the late reader to have its lists');
    enrol(site, userId('student2'), dl, ['student']);
    const timely = await syncCourse(
      context,
      target,
      createAccountReader(context, true, () => undefined),
    );
    expect(timely.kind).toBe('applied');
    gate.resolve();
    expect((await late).kind).toBe('older');
    expect(await rosterLines(harness.db, 'DL202')).toContain('student2 student active');
    unenrol(site, userId('student2'), dl);
  });
});

function createContext(): SyncContext {
  const config = testConfig({ moodle: harness.moodle.wwwroot });
  return {
    config,
    db: harness.db,
    logger: silentLogger(),
    metrics: createSyncMetrics(createMetrics('test')),
    moodle: createMoodleWebService({
      wwwroot: harness.moodle.wwwroot,
      token: TEST_ENVIRONMENT['MOODLE_TOKEN'] ?? '',
      timeoutSeconds: 10,
    }),
    platformId: () => ensurePlatform(harness.db, config.moodle.wwwroot),
  };
}

describe('a kill in the middle of a run', () => {
  it.each([4, 6, 8, 10, 12, 14])(
    'after %i of its calls: each course is old or new, and the next run heals it',
    async (kill) => {
      const survivor = await harness.startProcess();
      await syncNow(survivor);
      const old = { dl: await rosterLines(harness.db, 'DL202'), ds: await rosterLines(harness.db, 'DS101') };
      for (const course of [dl, ds]) {
        unenrol(site, userId('student1'), course);
        enrol(site, userId('gpuadmin'), course, ['editingteacher']);
      }
      const fresh = {
        dl: sorted([...old.dl.filter((line) => !line.startsWith('student1 ')), 'gpuadmin instructor active']),
        ds: sorted([...old.ds.filter((line) => !line.startsWith('student1 ')), 'gpuadmin instructor active']),
      };
      await survivor.stop();
      harness.moodle.faults.latencyMilliseconds = 5;
      const before = harness.moodle.calls.length;
      const victim = spawnService();
      try {
        await eventually(() => callsOfRun(before) >= kill || victim.exitCode !== null, `${kill} calls`);
      } finally {
        // Also when the wait failed: the test must not leave a process behind.
        const exited = victim.exitCode === null ? once(victim, 'exit') : null;
        victim.kill('SIGKILL');
        await exited;
      }
      expect(victim.signalCode).toBe('SIGKILL');
      const dlNow = await rosterLines(harness.db, 'DL202');
      const dsNow = await rosterLines(harness.db, 'DS101');
      expect([old.dl, fresh.dl]).toContainEqual(dlNow);
      expect([old.ds, fresh.ds]).toContainEqual(dsNow);
      const healer = await harness.startProcess();
      expect((await syncNow(healer)).body.outcome).toBe('done');
      expect({ dl: await rosterLines(harness.db, 'DL202'), ds: await rosterLines(harness.db, 'DS101') }).toEqual(fresh);
      expect((await siteRuns()).filter((run) => run.outcome === 'running')).toEqual([]);
      for (const course of [dl, ds]) {
        enrol(site, userId('student1'), course, ['student']);
        unenrol(site, userId('gpuadmin'), course);
      }
      await syncNow(healer);
      await healer.stop();
    },
  );
});

/** The start asks for the site info once; the second time a run begins. */
function callsOfRun(since: number): number {
  const calls = harness.moodle.calls.slice(since);
  const infos = calls.flatMap((call, index) => (call.wsfunction === 'core_webservice_get_site_info' ? [index] : []));
  return infos[1] === undefined ? 0 : calls.length - infos[1];
}

const sorted = (lines: string[]): string[] => lines.toSorted((a, b) => (Buffer.from(a) < Buffer.from(b) ? -1 : 1));

function spawnService(): ChildProcess {
  const file = path.join(folder, 'config.yaml');
  writeFileSync(file, testConfigText({ moodle: harness.moodle.wwwroot }));
  return spawn(process.execPath, ['services/moodle-sync/main.ts', '--config', file], {
    env: { ...process.env, ...TEST_ENVIRONMENT, DATABASE_URL: harness.database.url },
    stdio: 'ignore',
  });
}
