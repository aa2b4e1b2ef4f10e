// Replays the ablation of ws_capability_ablation.json: one capability less, and what silently changes (moodle.md 2.9).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RECORDED_AT_SECONDS, recordedSite } from '../recorded-site.ts';
import { type MoodleSimulator, startMoodleSimulator } from '../server.ts';
import { createBrowser } from './browser.ts';
import { capture, RECORDED_WWWROOT } from './compare.ts';

/** The account of the ablation: the role of moodle.md 2.9 and what was tried out and found needless. */
const ALL = [
  'webservice/rest:use',
  'moodle/course:view',
  'moodle/course:viewhiddencourses',
  'moodle/course:viewparticipants',
  'moodle/user:viewdetails',
  'moodle/user:viewalldetails',
  'moodle/site:viewfullnames',
  'moodle/site:viewuseridentity',
  'moodle/course:useremail',
  'moodle/site:accessallgroups',
  'moodle/course:managegroups',
  'moodle/cohort:view',
  'moodle/course:enrolreview',
  'moodle/role:review',
  'moodle/course:viewhiddengroups',
  'moodle/user:viewhiddendetails',
  'moodle/course:update',
];
const SERVICE_USER = 68;

type Item = Record<string, unknown>;
type Summary = Record<string, unknown>;

let simulator: MoodleSimulator;
beforeAll(async () => {
  simulator = await startMoodleSimulator({ site: recordedSite(), now: () => new Date(RECORDED_AT_SECONDS * 1000) });
});
afterAll(() => simulator.stop());

async function call(wsfunction: string, parameters: Record<string, string> = {}): Promise<unknown> {
  const url = `${RECORDED_WWWROOT}/webservice/rest/server.php`;
  const form = { wstoken: 'WS_TOKEN_SERVICE', wsfunction, moodlewsrestformat: 'json', ...parameters };
  return JSON.parse((await createBrowser(simulator).send({ method: 'POST', url, form })).body);
}

const errorOf = (answer: unknown): string | undefined => (answer as Item)['errorcode'] as string | undefined;
const yes = (value: boolean): string => (value ? 'True' : 'False');

/** The recorder's words for a list of courses; idn and tm are about DS101. */
function courses(answer: unknown): string {
  const error = errorOf(answer);
  if (error !== undefined) return error;
  const list = (Array.isArray(answer) ? answer : (answer as { courses: Item[] }).courses) as Item[];
  const ds101 = list.find((course) => course['shortname'] === 'DS101') ?? {};
  const [idn, tm] = ['idnumber' in ds101, 'timemodified' in ds101];
  return `${list.length} idn=${yes(idn)} tm=${yes(tm)} hidden=${yes(list.some((course) => course['shortname'] === 'HID303'))}`;
}

const PROBED = ['username', 'firstname', 'email', 'idnumber', 'roles', 'groups', 'enrolledcourses', 'lastcourseaccess'];

/** The recorder's words for a roster; what it says fits the keys and groups of the first person in the list. */
function roster(answer: unknown): string {
  const error = errorOf(answer);
  if (error !== undefined) return `${error} ontext error message was: Course or activity not accessible.`;
  const list = answer as Item[];
  const keys = PROBED.filter((key) => key in (list[0] ?? {}));
  const groups = new Set(((list[0]?.['groups'] ?? []) as Item[]).map((group) => group['name']));
  const shown = [...groups].sort().map((name) => `'${name}'`);
  return `${list.length} keys=${keys.join()} groups=[${shown.join(', ')}]`;
}

const size = (answer: unknown): unknown => errorOf(answer) ?? (answer as unknown[]).length;
const names = (answer: unknown, key: string): unknown => errorOf(answer) ?? (answer as Item[]).map((item) => item[key]);

function people(answer: unknown): unknown {
  const list = (Array.isArray(answer) ? answer : (answer as { users: Item[] }).users) as Item[];
  const keys = ['username', 'firstname', 'email', 'idnumber', 'suspended', 'auth'];
  return [list.length, keys.filter((key) => key in (list[0] ?? {}))];
}

async function probe(): Promise<Summary> {
  const enrolled = (courseid: string, option?: string) =>
    call('core_enrol_get_enrolled_users', {
      courseid,
      ...(option === undefined ? {} : { 'options[0][name]': option, 'options[0][value]': '1' }),
    });
  const members = await call('core_group_get_group_members', { 'groupids[0]': '1' });
  return {
    get_courses: courses(await call('core_course_get_courses')),
    courses_by_field: courses(await call('core_course_get_courses_by_field')),
    enrolled_c1: roster(await enrolled('2')),
    enrolled_c2sepgroups: roster(await enrolled('3')),
    enrolled_c3hidden: roster(await enrolled('4')),
    onlyactive: size(await enrolled('2', 'onlyactive')),
    onlysuspended: size(await enrolled('2', 'onlysuspended')),
    course_groups: names(await call('core_group_get_course_groups', { courseid: '2' }), 'name'),
    group_members: errorOf(members) ?? size((members as { userids: unknown[] }[])[0]?.userids),
    cohorts: size(await call('core_cohort_get_cohorts')),
    cohort_members: await call('core_cohort_get_cohort_members', { 'cohortids[0]': '1', 'cohortids[1]': '2' }).then(
      (answer) => errorOf(answer) ?? answer,
    ),
    'users_courses(student1)': names(
      await call('core_enrol_get_users_courses', { userid: '3', returnusercount: '0' }),
      'shortname',
    ),
    users_by_field: people(
      await call('core_user_get_users_by_field', { field: 'id', 'values[0]': '3', 'values[1]': '53' }),
    ),
    'get_users(email)': [
      (
        (await call('core_user_get_users', {
          'criteria[0][key]': 'email',
          'criteria[0][value]': 'student1@uni.test',
        })) as {
          users: unknown[];
        }
      ).users.length,
      [],
    ],
  };
}

/** The recorder wrote changed values as Python shows them. */
function asPython(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(asPython).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, item]) => `'${key}': ${asPython(item)}`)
      .join(', ')}}`;
  return typeof value === 'string' ? `'${value}'` : String(value);
}

const plain = (value: unknown): string => (typeof value === 'string' ? value : asPython(value));
const lists = (recorded: string): string => recorded.replaceAll('(', '[').replaceAll(')', ']');

const grant = (capabilities: readonly string[]): void => {
  simulator.site.systemCapabilities.set(SERVICE_USER, new Set(capabilities));
};

describe('ws_capability_ablation', () => {
  const recorded = capture<Record<string, Record<string, unknown>>>('ws_capability_ablation');
  const withoutGroupings = ({ groupings: _, ...rest }: Record<string, unknown>): Summary => rest;

  it('ALL', async () => {
    grant(ALL);
    expect(await probe()).toEqual(withoutGroupings(recorded['ALL'] ?? {}));
  });

  it('baseline: webservice/rest:use only', async () => {
    grant(['webservice/rest:use']);
    expect(await probe()).toEqual(withoutGroupings(recorded['baseline: webservice/rest:use only'] ?? {}));
  });

  const ablations = Object.keys(recorded).filter((name) => name.startsWith('without '));
  it.each(ablations)('%s', async (name) => {
    grant(ALL);
    const before = await probe();
    grant(ALL.filter((capability) => capability !== name.slice('without '.length)));
    const after = await probe();
    const changed = Object.keys(before)
      .filter((key) => plain(before[key]) !== plain(after[key]))
      .map((key) => [key, [plain(before[key]), plain(after[key])]]);
    const expected = Object.entries(withoutGroupings(recorded[name] ?? {})).map(([key, pair]) => [
      key,
      (pair as string[]).map((text) => (key === 'users_by_field' || key === 'get_users(email)' ? lists(text) : text)),
    ]);
    expect(Object.fromEntries(changed)).toEqual(Object.fromEntries(expected));
  });
});

describe('ws_minimal_caps_probe', () => {
  const recorded = capture<Record<string, Record<string, unknown>>>('ws_minimal_caps_probe');
  const minimal = recordedSite().systemCapabilities.get(SERVICE_USER) ?? new Set();

  it.each([
    ['with_course_update', [...minimal, 'moodle/course:update']],
    ['without', [...minimal]],
  ])('%s', async (name, capabilities) => {
    grant(capabilities);
    const { groupings: _, ...expected } = recorded[name] ?? {};
    expect(await probe()).toEqual(expected);
  });
});
