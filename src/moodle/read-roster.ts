// Reads one course's roster out of several calls and proves that the calls fit together: Moodle's pages have no total and no snapshot (moodle.md 2.5).
import type { MoodleCourseId, MoodleUserId } from '../domain/ids.ts';
import type { ObservedRoster, RosterGroup } from '../domain/sync/observed.ts';
import { MoodleError } from './moodle-error.ts';
import type { EnrolmentFilter, MoodleWebService } from './web-service.ts';
import type { EnrolledUser } from './web-service-schemas.ts';

const PAGE_SIZE = 500;
/** A list that changes while it is read is begun again this often. */
const ATTEMPTS = 3;

export interface CountedRoster extends ObservedRoster {
  /** `enrolledusercount` as Moodle told it after the list; null when nobody's courses show it. */
  readonly moodleCount: number | null;
}

/**
 * @param witnesses people whose course list may tell the course's count when the roster shows nobody: teachers, or people stored as active.
 * @throws MoodleError; `malformed` when the lists still contradict each other after several tries.
 */
export async function readRoster(
  moodle: MoodleWebService,
  courseId: MoodleCourseId,
  witnesses: readonly MoodleUserId[],
): Promise<CountedRoster> {
  for (let attempt = 1; ; attempt += 1) {
    const roster = await readOnce(moodle, courseId);
    if (roster !== null) {
      const moodleCount = await askCount(moodle, courseId, roster, witnesses);
      // Somebody may have been enrolled between the list and the count: look again before it counts as short.
      const short = moodleCount !== null && roster.members.length < moodleCount;
      if (!short || attempt === ATTEMPTS) return { ...roster, moodleCount };
    } else if (attempt === ATTEMPTS) {
      throw new MoodleError(
        'malformed',
        'core_enrol_get_enrolled_users',
        `The lists of course ${courseId} contradict each other: Moodle's answers to "all" and "only active" do not fit together.`,
      );
    }
  }
}

/** null: the list moved under the reader. */
async function readOnce(moodle: MoodleWebService, courseId: MoodleCourseId): Promise<ObservedRoster | null> {
  const everybody = await readPages(moodle, courseId, 'all');
  const active = await readPages(moodle, courseId, 'active');
  if (everybody === null || active === null) return null;
  const activeIds = new Set(active.map((user) => user.moodleId));
  const listedIds = new Set(everybody.map((user) => user.moodleId));
  if ([...activeIds].some((id) => !listedIds.has(id))) return null;
  if (activeIds.size === 0 && !(await isNobodyActive(moodle, courseId, listedIds))) return null;
  const groups = await moodle.listCourseGroups(courseId);
  return {
    groups: mergeGroups(groups, everybody),
    members: everybody.map((user) => ({
      moodleId: user.moodleId,
      roleShortnames: user.roleShortnames,
      active: activeIds.has(user.moodleId),
      groupIds: user.groups.map((group) => group.moodleId),
    })),
  };
}

/** An empty list of the active ones is believed only when the opposite question names everybody. */
async function isNobodyActive(
  moodle: MoodleWebService,
  courseId: MoodleCourseId,
  listed: ReadonlySet<MoodleUserId>,
): Promise<boolean> {
  if (listed.size === 0) return true;
  const inactive = await readPages(moodle, courseId, 'inactive');
  return inactive !== null && inactive.length === listed.size;
}

/** Pages overlap by one person: when that one is not where it was, the list moved and somebody may be missing. */
async function readPages(
  moodle: MoodleWebService,
  courseId: MoodleCourseId,
  filter: EnrolmentFilter,
): Promise<readonly EnrolledUser[] | null> {
  const users: EnrolledUser[] = [];
  for (;;) {
    const last = users.at(-1);
    const offset = last ? users.length - 1 : 0;
    const page = await moodle.listEnrolled(courseId, filter, { offset, limit: PAGE_SIZE });
    if (last && page[0]?.moodleId !== last.moodleId) return null;
    users.push(...(last ? page.slice(1) : page));
    if (page.length < PAGE_SIZE) {
      return new Set(users.map((user) => user.moodleId)).size === users.length ? users : null;
    }
  }
}

async function askCount(
  moodle: MoodleWebService,
  courseId: MoodleCourseId,
  roster: ObservedRoster,
  witnesses: readonly MoodleUserId[],
): Promise<number | null> {
  const candidates = [
    ...witnesses,
    ...roster.members.filter((member) => member.active).map((member) => member.moodleId),
  ];
  // Students do not see hidden courses in their own list: a second opinion is worth one more call.
  for (const candidate of [...new Set(candidates)].slice(0, 3)) {
    const courses = await moodle.listCoursesOf(candidate);
    const count = courses.find((entry) => entry.course.moodleId === courseId)?.enrolledCount;
    if (count !== undefined && count !== null) return count;
  }
  return null;
}

/** A group that was made between two calls is known from its members. */
function mergeGroups(groups: readonly RosterGroup[], users: readonly EnrolledUser[]): readonly RosterGroup[] {
  const merged = new Map(users.flatMap((user) => user.groups).map((group) => [group.moodleId, group]));
  for (const group of groups) merged.set(group.moodleId, group);
  return [...merged.values()];
}
