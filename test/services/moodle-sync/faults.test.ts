// Moodle answering wrongly, not at all or too little: the stored roster stays as it was, and the next good run makes up for it.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunningProcess } from '../../../src/runtime/run-process.ts';
import type { FaultAnswer } from '../../simulators/moodle/faults.ts';
import { courseByShortname, userByUsername } from '../../simulators/moodle/model.ts';
import { enrol, unenrol } from '../../simulators/moodle/site-changes.ts';
import { TEST_ENVIRONMENT } from '../../support/test-config.ts';
import {
  courseRow,
  createSyncHarness,
  metricsOf,
  rosterLines,
  type SyncHarness,
  syncNow,
  testCampus,
} from './sync-harness.ts';

let harness: SyncHarness;
let service: RunningProcess;
let before: { dl: string[]; ds: string[]; people: unknown };
const site = testCampus();
const dl = courseByShortname(site, 'DL202');
const student = userByUsername(site, 'student1').id;
const serviceAccount = userByUsername(site, 'wsservice').id;
const capabilities = site.systemCapabilities.get(serviceAccount) ?? new Set<string>();

const stored = async () => ({
  dl: await rosterLines(harness.db, 'DL202'),
  ds: await rosterLines(harness.db, 'DS101'),
  people: await harness.db
    .selectFrom('person')
    .select(['moodle_id', 'moodle_username', 'full_name', 'email', 'suspended', 'deleted'])
    .orderBy('id')
    .execute(),
});

beforeAll(async () => {
  // Separate groups: the mode in which a missing moodle/site:accessallgroups empties the roster.
  dl.groupMode = 1;
  dl.groupModeForced = true;
  harness = await createSyncHarness(site);
  service = await harness.startProcess({ more: 'sync: { guard: { maxShare: 0.3, maxNumber: 3 } }' });
  before = await stored();
  expect(before.dl.length).toBe(16);
});
afterEach(async () => {
  harness.moodle.faults.clear();
  for (const capability of [...removed]) capabilities.add(capability);
  removed.clear();
  const { body } = await syncNow(service);
  expect(body).toMatchObject({ outcome: 'done', summary: { rosters_held: [], rosters_failed: [], error: null } });
  expect(await stored()).toEqual(before);
});
afterAll(async () => {
  await harness.stop();
  // Whatever went wrong on the way, the token is in no log line.
  expect(harness.logText()).not.toContain(TEST_ENVIRONMENT['MOODLE_TOKEN']);
});
const removed = new Set<string>();

const everything = 'core_webservice_get_site_info';
const roster = 'core_enrol_get_enrolled_users';
const accounts = 'core_user_get_users_by_field';

describe('a wrong answer leaves the old roster', () => {
  it.each<[FaultAnswer, string, string]>([
    ['html', everything, 'not complete JSON'],
    ['redirect', everything, 'moodle.wwwroot must be exactly'],
    ['503', everything, 'maintenance mode'],
    ['half-json', everything, 'not complete JSON'],
    ['reset', everything, 'cannot be reached'],
    ['empty-list', everything, 'not as expected'],
    ['503', roster, 'maintenance mode'],
    ['reset', roster, 'cannot be reached'],
    ['redirect', roster, 'moodle.wwwroot must be exactly'],
    ['html', accounts, 'not complete JSON'],
    ['empty-list', accounts, 'moodle/user:viewdetails'],
    ['empty-list', 'core_course_get_courses_by_field', 'not as expected'],
  ])('%s from %s ends the run: "%s"', async (answer, wsfunction, sentence) => {
    harness.moodle.faults.fail({ match: { wsfunction }, answer });
    unenrol(site, student, dl.id);
    const { status, body } = await syncNow(service);
    expect([status, body.outcome]).toEqual([200, 'failed']);
    // A fault of one kind of call may show on a course instead of on the run.
    expect(JSON.stringify(body.summary)).toContain(sentence);
    expect(await stored()).toEqual(before);
    enrol(site, student, dl.id, ['student']);
    [...site.groups.values()].find((group) => group.name === 'DL 1')?.memberIds.add(student);
  });
});

describe('a wrong roster leaves the course as it was', () => {
  it.each<[FaultAnswer, string]>([
    ['html', 'rosters_failed'],
    ['half-json', 'rosters_failed'],
    ['empty-list', 'rosters_held'],
  ])('%s: %s', async (answer, list) => {
    harness.moodle.faults.fail({ match: { wsfunction: roster }, answer });
    const { body } = await syncNow(service);
    expect(body.outcome).toBe('partial');
    expect(body.summary[list].length).toBe(2);
    expect(await stored()).toEqual(before);
  });

  it('a held roster shows in the database and in the metrics until a good one comes', async () => {
    harness.moodle.faults.fail({ match: { wsfunction: roster }, answer: 'empty-list' });
    await syncNow(service);
    expect((await courseRow(harness.db, 'DL202')).roster_held_reason).toBe('shorter_than_count');
    expect(await metricsOf(service)).toContain('coursehub_sync_courses_held 2');
    expect(harness.logText()).toMatch(/"reason":"shorter_than_count","people_before":16,.*"listed":0,.*roster held/);
    harness.moodle.faults.clear();
    await syncNow(service);
    expect((await courseRow(harness.db, 'DL202')).roster_held_reason).toBeNull();
    expect(await metricsOf(service)).toContain('coursehub_sync_courses_held 0');
  });

  it('a passing fault is tried again and does no harm', async () => {
    harness.moodle.faults.fail({ match: { wsfunction: roster }, times: 1, answer: '503' });
    harness.moodle.faults.fail({ match: { wsfunction: accounts }, times: 1, answer: 'reset' });
    expect((await syncNow(service)).body.outcome).toBe('done');
  });

  it('a mass removal is held although every list agrees', async () => {
    const enrolments = [...site.enrolments];
    for (const enrolment of enrolments.filter((one) => one.courseId === dl.id).slice(0, 6))
      unenrol(site, enrolment.userId, dl.id);
    const { body } = await syncNow(service);
    expect(body.summary.rosters_held).toEqual([{ course_id: expect.any(String), reason: 'too_many_vanished' }]);
    expect(await stored()).toEqual(before);
    site.enrolments = enrolments;
    for (const group of site.groups.values()) restoreGroup(group);
  });
});

const members = new Map([...site.groups.values()].map((group) => [group.id, new Set(group.memberIds)]));
function restoreGroup(group: { readonly id: number; memberIds: Set<number> }): void {
  group.memberIds = new Set(members.get(group.id));
}

describe('a missing capability', () => {
  it.each([
    ['moodle/course:view', 'moodle/course:view'],
    ['moodle/course:viewhiddencourses', 'moodle/course:viewhiddencourses'],
    ['moodle/user:viewdetails', 'shorter_than_count'],
    ['moodle/site:accessallgroups', 'shorter_than_count'],
    ['moodle/user:viewalldetails', 'moodle/user:viewalldetails'],
    ['moodle/site:viewuseridentity', 'moodle/site:viewuseridentity'],
    ['moodle/course:enrolreview', 'nopermissions'],
    ['moodle/course:managegroups', 'nopermissions'],
  ])('%s: nothing is lost, and the run says "%s"', async (capability, sentence) => {
    capabilities.delete(capability);
    removed.add(capability);
    const { body } = await syncNow(service);
    expect(body.outcome).not.toBe('done');
    expect(JSON.stringify(body.summary)).toContain(sentence);
    expect(await stored()).toEqual(before);
  });
});
