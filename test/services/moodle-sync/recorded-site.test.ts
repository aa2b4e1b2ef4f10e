// The roster of the site that was recorded from a live Moodle (moodle.md 0), read by an account with the least capabilities (2.9).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningProcess } from '../../../src/runtime/run-process.ts';
import { SERVICE_FUNCTIONS } from '../../simulators/moodle/campus-site.ts';
import { SERVICE_CAPABILITIES } from '../../simulators/moodle/capabilities.ts';
import { userByUsername } from '../../simulators/moodle/model.ts';
import { RECORDED_AT_SECONDS, recordedSite } from '../../simulators/moodle/recorded-site.ts';
import { TEST_ENVIRONMENT } from '../../support/test-config.ts';
import { courseRow, createSyncHarness, rosterLines, type SyncHarness, syncNow } from './sync-harness.ts';

let harness: SyncHarness;
let service: RunningProcess;
const site = recordedSite();

beforeAll(async () => {
  const account = userByUsername(site, 'wsservice');
  site.systemCapabilities.set(account.id, new Set(SERVICE_CAPABILITIES));
  site.services.push({
    shortname: 'coursehub-test',
    enabled: true,
    restrictedUsers: true,
    allowedUserIds: new Set([account.id]),
    functions: [...SERVICE_FUNCTIONS],
  });
  site.tokens.push({
    token: TEST_ENVIRONMENT['MOODLE_TOKEN'] ?? '',
    userId: account.id,
    serviceShortname: 'coursehub-test',
    validUntil: 0,
    ipRestriction: '',
  });
  harness = await createSyncHarness(site, () => new Date(RECORDED_AT_SECONDS * 1000));
  service = await harness.startProcess({
    edit: (text) =>
      text
        .replace("course: { shortname: 'D*' }", "course: { shortname: '*' }")
        .replace('course: { shortname: DL202 }', 'course: { idnumber: SIS-DS101-2026 }'),
  });
});
afterAll(() => harness.stop());

const count = (lines: readonly string[], activity: string): number =>
  lines.filter((line) => line.split(' ').includes(activity)).length;

describe('the recorded site', () => {
  it.each([
    // moodle.md 2.5, 2.9: 41 people of whom 38 are active (the suspended account is), 32 with separate groups, 6 in the hidden course.
    ['DS101', 41, 38],
    ['DL202', 32, 32],
    ['HID303', 6, 6],
    ['BIG404', 1002, 1002],
  ])('%s has %i people, %i active', async (course, people, active) => {
    const lines = await rosterLines(harness.db, course);
    expect([lines.length, count(lines, 'active')]).toEqual([people, active]);
    expect((await courseRow(harness.db, course)).roster_observed_at).toBeInstanceOf(Date);
  });

  it('knows idnumbers that a rule names although the account may not read them', async () => {
    expect((await courseRow(harness.db, 'DS101')).idnumber).toBe('SIS-DS101-2026');
  });

  it('follows an idnumber that moves to another course', async () => {
    const course = (shortname: string) => {
      const found = [...site.courses.values()].find((one) => one.shortname === shortname);
      if (!found) throw new Error(`no course ${shortname}`);
      return found;
    };
    const move = async (from: string, to: string): Promise<void> => {
      course(to).idnumber = course(from).idnumber;
      course(from).idnumber = '';
      await syncNow(service);
    };
    await move('DS101', 'HID303');
    expect((await courseRow(harness.db, 'DS101')).idnumber).toBe('');
    expect((await courseRow(harness.db, 'HID303')).idnumber).toBe('SIS-DS101-2026');
    await move('HID303', 'DS101');
    expect((await courseRow(harness.db, 'DS101')).idnumber).toBe('SIS-DS101-2026');
  });

  it('maps roles and keeps hidden groups', async () => {
    const lines = await rosterLines(harness.db, 'DS101');
    expect(lines).toContain('ta1 assistant active');
    expect(lines).toContain('student1 student active Group A,Group B,Hidden group');
  });

  it('asks for each account once, in batches, and changes nothing the second time', async () => {
    harness.moodle.calls.length = 0;
    const { body } = await syncNow(service);
    expect(body).toMatchObject({ outcome: 'done', summary: { rosters_applied: 4, changes: {} } });
    const calls = harness.moodle.calls.filter((call) => call.wsfunction === 'core_user_get_users_by_field').length;
    expect(calls).toBeLessThanOrEqual(8);
  });
});
