// The refresh of one person at their sign-in: fresh, recent, stale, and what it changes.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunningProcess } from '../../../src/runtime/run-process.ts';
import { courseByShortname, userByUsername } from '../../simulators/moodle/model.ts';
import { addCourse, deleteUser, enrol, setEnrolmentStatus, suspendUser } from '../../simulators/moodle/site-changes.ts';
import { eventually } from '../../support/eventually.ts';
import {
  createSyncHarness,
  metricsOf,
  personIdOf,
  post,
  rosterLines,
  type SyncHarness,
  testCampus,
} from './sync-harness.ts';

let harness: SyncHarness;
let service: RunningProcess;
const site = testCampus();
const userId = (name: string): number => userByUsername(site, name).id;
const dl = courseByShortname(site, 'DL202').id;

beforeAll(async () => {
  harness = await createSyncHarness(site);
  service = await harness.startProcess({ more: 'sync: { signInTimeout: 1s }' });
});
afterEach(() => harness.moodle.faults.clear());
afterAll(() => harness.stop());

const refresh = async (username: string) => {
  const { status, body } = await post(
    service,
    `/people/${await personIdOf(harness.db, username)}/sync`,
    'internal-token-bridge',
  );
  expect(status).toBe(200);
  return body;
};
const rosterCalls = (): number =>
  harness.moodle.calls.filter((call) => call.wsfunction === 'core_enrol_get_enrolled_users').length;

describe('a refresh of one person', () => {
  it('reads no roster again that is recent and shows them', async () => {
    const before = rosterCalls();
    expect(await refresh('student1')).toEqual({ outcome: 'recent', suspended: false, deleted: false });
    expect(rosterCalls()).toBe(before);
  });

  it('gives a new enrolment at once, however recent the roster is', async () => {
    enrol(site, userId('student2'), dl, ['student']);
    expect((await refresh('student2')).outcome).toBe('fresh');
    expect(await rosterLines(harness.db, 'DL202')).toContain('student2 student active');
    expect((await refresh('student2')).outcome).toBe('recent');
  });

  it('takes away an enrolment that has ended', async () => {
    setEnrolmentStatus(site, userId('student3'), dl, 'suspended');
    expect((await refresh('student3')).outcome).toBe('fresh');
    expect(await rosterLines(harness.db, 'DL202')).toContain('student3 student inactive DL 2');
  });

  it('knows a course that was made a moment ago', async () => {
    const course = addCourse(site, { shortname: 'DX1', fullname: 'New course' });
    enrol(site, userId('ann'), course.id, ['student']);
    expect((await refresh('ann')).outcome).toBe('fresh');
    expect(await rosterLines(harness.db, 'DX1')).toEqual(['ann student active']);
  });

  it('sees a suspended and a deleted account', async () => {
    suspendUser(site, userId('student4'));
    expect(await refresh('student4')).toMatchObject({ suspended: true, deleted: false });
    deleteUser(site, userId('student5'), Math.floor(Date.now() / 1000));
    expect(await refresh('student5')).toMatchObject({ outcome: 'fresh', suspended: false, deleted: true });
    expect((await rosterLines(harness.db, 'DL202')).join()).not.toContain('student5');
  });
});

describe('Moodle in trouble', () => {
  it('is stale with what is known while Moodle is away', async () => {
    harness.moodle.faults.maintenance = true;
    expect(await refresh('suspended1')).toEqual({ outcome: 'stale', suspended: true, deleted: false });
  });

  it('is stale after the time limit, and the work goes on behind it', async () => {
    enrol(site, userId('gpuadmin'), dl, ['student']);
    await harness.db
      .insertInto('person')
      .values({
        platform_id: (await harness.db.selectFrom('platform').select('id').executeTakeFirstOrThrow()).id,
        moodle_id: String(userId('gpuadmin')),
        moodle_username: 'gpuadmin',
        full_name: 'Gale Operator',
        email: 'gpuadmin@uni.test',
        lang: 'en',
        suspended: false,
        deleted: false,
        observed_at: new Date(),
      })
      .execute();
    harness.moodle.faults.latencyMilliseconds = 400;
    const startedAt = performance.now();
    expect((await refresh('gpuadmin')).outcome).toBe('stale');
    expect(performance.now() - startedAt).toBeLessThan(2000);
    await eventually(
      async () => (await rosterLines(harness.db, 'DL202')).includes('gpuadmin student active'),
      'the roster',
    );
    expect(await metricsOf(service)).toMatch(/coursehub_sync_person_total\{outcome="stale"\} 2/);
  });
});

describe('many people at once', () => {
  it('do not rely on a read that began before their enrolment', async () => {
    const begin = rosterCalls();
    harness.moodle.faults.latencyMilliseconds = 40;
    setEnrolmentStatus(site, userId('ta1'), dl, 'suspended');
    const first = refresh('ta1');
    // Its second list of the course has been asked for: the first one is read.
    await eventually(() => rosterCalls() >= begin + 2, 'the first reader');
    enrol(site, userId('future1'), dl, ['student']);
    expect((await refresh('future1')).outcome).toBe('fresh');
    expect(await rosterLines(harness.db, 'DL202')).toContain('future1 student active');
    expect((await first).outcome).toBe('fresh');
    setEnrolmentStatus(site, userId('ta1'), dl, 'active');
  });

  it('read their course once together, and each of them gets what is theirs', async () => {
    const newcomers = ["o'brien", 'anna', '学生', 'jürgen.müller', 'anna@uni.test'];
    for (const username of newcomers) setEnrolmentStatus(site, userId(username), dl, 'suspended');
    await Promise.all(newcomers.map(refresh));
    for (const username of newcomers) setEnrolmentStatus(site, userId(username), dl, 'active');
    const before = rosterCalls();
    harness.moodle.faults.latencyMilliseconds = 20;
    const answers = await Promise.all(newcomers.map(refresh));
    expect(answers.map((answer) => answer.outcome)).toEqual(newcomers.map(() => 'fresh'));
    const lines = await rosterLines(harness.db, 'DL202');
    expect(newcomers.filter((name) => !lines.some((line) => line.startsWith(`${name} student active`)))).toEqual([]);
    // Two lists a read; each person alone would read five times.
    expect(rosterCalls() - before).toBeLessThanOrEqual(4);
  });
});
