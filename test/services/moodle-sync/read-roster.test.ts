// Reading a roster in pages while people come and go: nobody may be missed between two pages.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { moodleCourseId } from '../../../src/domain/ids.ts';
import { readRoster } from '../../../src/moodle/read-roster.ts';
import { createMoodleWebService, type MoodleWebService } from '../../../src/moodle/web-service.ts';
import { courseByShortname } from '../../simulators/moodle/model.ts';
import { type MoodleSimulator, startMoodleSimulator } from '../../simulators/moodle/server.ts';
import { addUser, enrol, setEnrolmentStatus, unenrol } from '../../simulators/moodle/site-changes.ts';
import { TEST_ENVIRONMENT } from '../../support/test-config.ts';
import { testCampus } from './sync-harness.ts';

const site = testCampus();
const course = courseByShortname(site, 'DS101').id;
const id = moodleCourseId(course);
let simulator: MoodleSimulator;
let moodle: MoodleWebService;

beforeAll(async () => {
  for (let index = 0; index < 1100; index += 1) {
    const user = addUser(site, {
      username: `bulk${index}`,
      firstName: 'B',
      lastName: 'K',
      email: `b${index}@uni.test`,
    });
    enrol(site, user.id, course, ['student']);
  }
  simulator = await startMoodleSimulator({ site });
  const token = TEST_ENVIRONMENT['MOODLE_TOKEN'] ?? '';
  moodle = createMoodleWebService({ wwwroot: simulator.wwwroot, token, timeoutSeconds: 10 });
});
afterEach(() => simulator.faults.clear());
afterAll(() => simulator.stop());

const enrolled = (): number[] =>
  site.enrolments
    .filter((one) => one.courseId === course)
    .map((one) => one.userId)
    .toSorted((a, b) => a - b);
const listed = (roster: Awaited<ReturnType<typeof readRoster>>): number[] =>
  roster.members.map((member) => Number(member.moodleId)).toSorted((a, b) => a - b);

describe('readRoster', () => {
  it('joins pages to the whole course and compares with Moodle’s count', async () => {
    const roster = await readRoster(moodle, id, []);
    expect(listed(roster)).toEqual(enrolled());
    expect(roster.moodleCount).toBe(enrolled().length);
  });

  it('begins again when somebody on an earlier page leaves between two pages', async () => {
    let pages = 0;
    const first = enrolled()[0] ?? 0;
    // At the seam, and not active: neither the list of the active ones nor the count would show that one of them is missing.
    const seam = enrolled().slice(498, 502);
    for (const user of seam) setEnrolmentStatus(site, user, course, 'suspended');
    const moving: MoodleWebService = {
      ...moodle,
      async listEnrolled(...asked) {
        const page = await moodle.listEnrolled(...asked);
        pages += 1;
        if (pages === 1) unenrol(site, first, course);
        return page;
      },
    };
    const roster = await readRoster(moving, id, []);
    expect(listed(roster)).toEqual(enrolled());
    expect(listed(roster)).not.toContain(first);
    enrol(site, first, course, ['student']);
    for (const user of seam) setEnrolmentStatus(site, user, course, 'active');
  });

  it('gives up on lists that never agree', async () => {
    const torn: MoodleWebService = {
      ...moodle,
      listEnrolled: async (courseId, filter, page) => {
        const users = await moodle.listEnrolled(courseId, filter, page);
        return filter === 'all' ? users.slice(1, 100) : users;
      },
    };
    await expect(readRoster(torn, id, [])).rejects.toThrow(/contradict each other/);
  });

  it('does not believe an empty list of the active ones alone', async () => {
    const deaf: MoodleWebService = {
      ...moodle,
      listEnrolled: async (courseId, filter, page) =>
        filter === 'active' ? [] : moodle.listEnrolled(courseId, filter, page),
    };
    await expect(readRoster(deaf, id, [])).rejects.toThrow(/contradict each other/);
  });

  it('believes it when the opposite question names everybody', async () => {
    const hidden = moodleCourseId(courseByShortname(site, 'HID303').id);
    for (const one of site.enrolments.filter((other) => other.courseId === Number(hidden)))
      setEnrolmentStatus(site, one.userId, one.courseId, 'suspended');
    const roster = await readRoster(moodle, hidden, []);
    expect(roster.members.map((member) => member.active)).toEqual([false, false]);
  });
});
