// Runs over a whole site: what is stored after the first, what a change in Moodle does, and that a second run changes nothing.
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningProcess } from '../../../src/runtime/run-process.ts';
import { courseByShortname, userByUsername } from '../../simulators/moodle/model.ts';
import {
  deleteCourse,
  deleteUser,
  enrol,
  removeGroup,
  renameUser,
  setEnrolmentStatus,
  suspendUser,
  unenrol,
  unsuspendUser,
} from '../../simulators/moodle/site-changes.ts';
import {
  courseRow,
  createSyncHarness,
  metricsOf,
  post,
  rosterLines,
  type SyncHarness,
  syncNow,
  testCampus,
} from './sync-harness.ts';

let harness: SyncHarness;
let service: RunningProcess;
const site = testCampus();
const userId = (name: string): number => userByUsername(site, name).id;
const courseIdOf = (name: string): number => courseByShortname(site, name).id;

beforeAll(async () => {
  harness = await createSyncHarness(site);
  service = await harness.startProcess();
});
afterAll(() => harness.stop());

describe('the first run', () => {
  it('stores every roster that a rule can match, with roles, groups and activity', async () => {
    const { status, body } = await syncNow(service);
    expect([status, body.outcome, body.summary.error]).toEqual([200, 'done', null]);
    expect(await rosterLines(harness.db, 'DL202')).toEqual([
      'ann student active DL 1',
      'anna student active DL 1',
      'anna@uni.test student active DL 2',
      'expired1 student inactive',
      'future1 student inactive',
      'jürgen.müller student active DL 2',
      "o'brien student active DL 1",
      'student1 student active DL 1',
      'student3 student active DL 2',
      'student4 student active DL 2',
      'student5 student active DL 2',
      'susenrol1 student inactive',
      'suspended1 student active',
      'ta1 assistant active',
      'teacher1 instructor active',
      '学生 student active DL 1',
    ]);
  });

  it('stores the course names as they are, and no roster of a course that gives nothing', async () => {
    expect(await courseRow(harness.db, 'DL202')).toMatchObject({ fullname: 'Deep Learning & "AI" <i>', visible: true });
    expect(await courseRow(harness.db, 'HID303')).toMatchObject({ visible: false, roster_observed_at: null });
    expect(await harness.db.selectFrom('course').select('id').where('moodle_id', '=', '1').execute()).toEqual([]);
  });

  it('knows the account that is suspended', async () => {
    const people = await harness.db
      .selectFrom('person')
      .select('moodle_username')
      .where('suspended', '=', true)
      .execute();
    expect(people.map((person) => person.moodle_username)).toEqual(['suspended1']);
  });

  it('never sends the token in an address', () => {
    expect(
      harness.moodle.calls.every((call) => call.method === 'POST' && call.path === '/webservice/rest/server.php'),
    ).toBe(true);
  });

  it('finds nothing to change the second time', async () => {
    const { body } = await syncNow(service);
    expect(body.summary.changes).toEqual({});
  });
});

describe('a change in Moodle', () => {
  it('ends, suspends, adds and regroups', async () => {
    const dl = courseIdOf('DL202');
    unenrol(site, userId('student4'), dl);
    setEnrolmentStatus(site, userId('student5'), dl, 'suspended');
    enrol(site, userId('student2'), dl, ['student']);
    site.roles.set('guestspeaker', { id: 77, shortname: 'guestspeaker', capabilities: [], courseContact: false });
    enrol(site, userId('gpuadmin'), dl, ['guestspeaker']);
    const group = [...site.groups.values()].find((one) => one.name === 'DL 1');
    removeGroup(site, group?.id ?? 0);
    const { body } = await syncNow(service);
    expect(body.summary.changes).toEqual({
      person_added: 1,
      enrolment_added: 2,
      enrolment_removed: 1,
      enrolment_deactivated: 1,
      group_removed: 1,
      group_changed: 5,
    });
    const lines = await rosterLines(harness.db, 'DL202');
    expect(lines).toContain('student5 student inactive DL 2');
    expect(lines).toContain('student1 student active');
    expect(lines).toContain('student2 student active');
    expect(lines).toContain('gpuadmin - active');
    expect(lines.join()).not.toContain('student4');
    expect(body.summary.unmapped_roles).toBe(1);
  });

  it('follows accounts: renamed, suspended, back again, deleted', async () => {
    renameUser(site, userId('ann'), 'ann.new');
    suspendUser(site, userId('student3'));
    unsuspendUser(site, userId('suspended1'));
    deleteUser(site, userId('anna'), Math.floor(Date.now() / 1000));
    const { body } = await syncNow(service);
    expect(body.summary.changes).toEqual({
      person_renamed: 1,
      person_suspended: 1,
      person_unsuspended: 1,
      person_deleted: 1,
      enrolment_removed: 2,
    });
    const anna = await harness.db
      .selectFrom('person')
      .selectAll()
      .where('moodle_username', '=', 'anna')
      .executeTakeFirstOrThrow();
    expect(anna).toMatchObject({ deleted: true, email: 'anna.short@uni.test' });
  });

  it('takes a course away and gives it back', async () => {
    const before = { courses: new Map(site.courses), enrolments: [...site.enrolments], groups: new Map(site.groups) };
    deleteCourse(site, courseIdOf('DS101'));
    expect((await syncNow(service)).body.summary.changes).toEqual({ course_vanished: 1 });
    expect((await courseRow(harness.db, 'DS101')).vanished_at).toBeInstanceOf(Date);
    expect((await rosterLines(harness.db, 'DS101')).every((line) => line.includes('inactive'))).toBe(true);
    Object.assign(site, before);
    const { body } = await syncNow(service);
    expect(body.summary.changes).toMatchObject({ course_returned: 1 });
    expect((await rosterLines(harness.db, 'DS101')).some((line) => line.includes(' active'))).toBe(true);
  });
});

describe('the API', () => {
  it('answers 202 with the run', async () => {
    const { status, body } = await post(service, '/sync');
    expect(status).toBe(202);
    expect(body.run).toMatch(/^\d+$/);
    await syncNow(service);
    const run = await harness.db
      .selectFrom('sync_run')
      .selectAll()
      .where('id', '=', body.run)
      .executeTakeFirstOrThrow();
    expect(run).toMatchObject({ kind: 'site', outcome: 'done' });
  });

  it.each([
    ['/sync', 'wrong', 401],
    ['/sync', 'internal-token-bridge', 403],
    ['/people/1/sync', 'internal-token-hub', 403],
    ['/sync?wait=yes', 'internal-token-operator', 400],
    ['/people/student1/sync', 'internal-token-bridge', 400],
    ['/people/999999/sync', 'internal-token-bridge', 404],
  ])('POST %s by %s: %i', async (path, token, status) => {
    expect((await post(service, path, token)).status).toBe(status);
  });

  it('shows in the metrics what happened', async () => {
    const metrics = await metricsOf(service);
    expect(metrics).toMatch(/coursehub_sync_runs_total\{outcome="done"\} [1-9]/);
    expect(metrics).toContain('coursehub_sync_changes_total{kind="enrolment_deactivated"} 1');
    expect(metrics).toContain('coursehub_sync_unmapped_roles 1');
    expect(metrics).toMatch(/coursehub_sync_last_success_timestamp_seconds [1-9]/);
  });
});

describe('a database whose clock was set back', () => {
  it('takes what Moodle says now, not what seems newer', async () => {
    for (const table of ['person', 'course'] as const)
      await harness.db.updateTable(table).set({ observed_at: sql<Date>`now() + interval '1 hour'` }).execute();
    await harness.db.updateTable('course').set({ roster_observed_at: sql<Date>`now() + interval '1 hour'` }).execute();
    suspendUser(site, userId('student2'));
    setEnrolmentStatus(site, userId('student2'), courseIdOf('DS101'), 'suspended');
    const { body } = await syncNow(service);
    expect(body.summary).toMatchObject({
      rosters_older: 0,
      changes: { person_suspended: 1, enrolment_deactivated: 1 },
    });
  });
});
