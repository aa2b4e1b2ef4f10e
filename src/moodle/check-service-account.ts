// Proves by probe that the service account may read what a roster needs: a missing capability shortens Moodle's lists without an error (moodle.md 2.9).
import type { MoodleUserId } from '../domain/ids.ts';
import { readCourseList } from './course-list.ts';
import { MoodleError } from './moodle-error.ts';
import { readRoster } from './read-roster.ts';
import { type MoodleWebService, NEEDED_FUNCTIONS } from './web-service.ts';
import type { ListedCourse, ShownAccount, SiteInfo } from './web-service-schemas.ts';

export interface ServiceAccountReport {
  /** Sentences that say what to change; empty when the account is good. */
  readonly faults: readonly string[];
  /** What no course or person of the site could prove or disprove. */
  readonly unproven: readonly string[];
}

const ROLE = "in the service account's role at system level";
const PROBED_ACCOUNTS = 20;

/** @throws MoodleError when Moodle cannot be asked at all: unreachable, wrong address, wrong token. */
export async function checkServiceAccount(moodle: MoodleWebService, wwwroot: string): Promise<ServiceAccountReport> {
  const info = await moodle.getSiteInfo();
  const faults = [...findAddressFault(info, wwwroot), ...findMissingFunctions(info)];
  // Without its functions the probes would only say the same again.
  if (faults.length > 0) return { faults, unproven: [] };
  const { courses, gap } = await readCourseList(moodle);
  if (gap) faults.push(gap);
  const unproven: string[] = [];
  const people = new Set<MoodleUserId>();
  for (const course of chooseProbes(courses)) {
    const probe = await probeCourse(moodle, course);
    if (probe.fault) faults.push(probe.fault);
    for (const id of probe.people) people.add(id);
  }
  people.delete(info.serviceUserId);
  if (people.size === 0)
    unproven.push('No course has people: what the service account may read of them is not proven.');
  else faults.push(...(await probeAccounts(moodle, [...people].slice(0, PROBED_ACCOUNTS))));
  if (!courses.some((course) => !course.visible))
    unproven.push('No course is hidden: reading hidden courses is not proven.');
  return { faults: [...new Set(faults)], unproven };
}

/** The functions that the service in Moodle lacks; a short sentence each time it is asked, so on every run. */
export function findMissingFunctions(info: SiteInfo): string[] {
  const missing = NEEDED_FUNCTIONS.filter((name) => !info.functions.has(name));
  if (missing.length === 0) return [];
  return [
    `The service of the token lacks ${missing.length === 1 ? 'a function' : `${missing.length} functions`}: add ${missing.join(', ')} (Site administration > Server > Web services > External services).`,
  ];
}

function findAddressFault(info: SiteInfo, wwwroot: string): string[] {
  return info.wwwroot === wwwroot
    ? []
    : [`Moodle says that its address is ${info.wwwroot}: set moodle.wwwroot to exactly that; it is ${wwwroot}.`];
}

/** One course of each kind that a missing capability hides: hidden, with separate groups, ordinary. */
function chooseProbes(courses: readonly ListedCourse[]): readonly ListedCourse[] {
  const open = courses.filter((course) => course.accessible);
  const kinds: readonly ((course: ListedCourse) => boolean)[] = [
    (course) => !course.visible,
    (course) => course.separateGroups,
    (course) => course.visible && !course.separateGroups,
  ];
  const chosen = kinds.flatMap((isKind) => {
    const candidates = open.filter(isKind);
    // Teachers are visible to everybody: their course lists tell how long the roster must be.
    return candidates.find((course) => course.contactIds.length > 0) ?? candidates[0] ?? [];
  });
  return [...new Set(chosen)];
}

interface CourseProbe {
  readonly fault: string | null;
  readonly people: readonly MoodleUserId[];
}

async function probeCourse(moodle: MoodleWebService, course: ListedCourse): Promise<CourseProbe> {
  try {
    const roster = await readRoster(moodle, course.moodleId, course.contactIds);
    const people = roster.members.map((member) => member.moodleId);
    if (roster.moodleCount === null || people.length >= roster.moodleCount) return { fault: null, people };
    const capability = course.separateGroups
      ? 'moodle/site:accessallgroups and moodle/user:viewdetails'
      : 'moodle/user:viewdetails';
    return {
      fault: `Moodle lists ${people.length} of the ${roster.moodleCount} people of course ${course.moodleId}: allow ${capability} ${ROLE}.`,
      people,
    };
  } catch (error) {
    if (!(error instanceof MoodleError) || error.kind !== 'refused') throw error;
    return { fault: explainRefusal(error, course), people: [] };
  }
}

function explainRefusal(error: MoodleError, course: ListedCourse): string {
  if (error.errorcode === 'errorcoursecontextnotvalid')
    return `The service account cannot go into course ${course.moodleId}: allow moodle/course:view${course.visible ? '' : ' and moodle/course:viewhiddencourses'} ${ROLE}.`;
  if (error.errorcode !== 'nopermissions') return error.message;
  const capability =
    error.wsFunction === 'core_group_get_course_groups' ? 'moodle/course:managegroups' : 'moodle/course:enrolreview';
  return `Moodle refuses ${error.wsFunction} for course ${course.moodleId} (nopermissions): allow ${capability} ${ROLE}.`;
}

async function probeAccounts(moodle: MoodleWebService, ids: readonly MoodleUserId[]): Promise<string[]> {
  const accounts = await moodle.getAccounts(ids);
  if (accounts.length < ids.length)
    return [
      `Moodle shows ${accounts.length} of ${ids.length} people when it is asked for them by id: allow moodle/user:viewdetails ${ROLE}.`,
    ];
  return findHiddenFields(accounts);
}

/** What Moodle keeps back of accounts that are not deleted; empty when everything needed is there. */
export function findHiddenFields(accounts: readonly ShownAccount[]): string[] {
  if (accounts.length === 0) return [];
  const faults: string[] = [];
  if (accounts.every((account) => account.username === null))
    faults.push(`Moodle does not show usernames: allow moodle/user:viewalldetails ${ROLE}.`);
  if (accounts.every((account) => account.email === null))
    faults.push(`Moodle does not show e-mail addresses: allow moodle/site:viewuseridentity ${ROLE}.`);
  return faults;
}
