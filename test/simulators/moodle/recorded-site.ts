// The site on which moodle-captures were recorded (moodle.md 0), with the same ids. What no capture shows is reconstructed from counts and byte lengths and marked so.
import { SERVICE_CAPABILITIES } from './capabilities.ts';
import { emptySite } from './empty-site.ts';
import type { MoodleSite } from './model.ts';
import { addCourse, addGroup, addToGroup, addUser, deleteUser, enrol } from './site-changes.ts';

/** When the web-service captures were made: enrolments are judged against this moment. */
export const RECORDED_AT_SECONDS = 1795492200;
const SETUP_AT = 1795491862;
const DAY = 86_400;
const PASSWORD = 'Passw0rd!';

/** First accesses that captures show; everybody else never came. */
const ACCESSES: Readonly<Record<string, number>> = {
  student2: 1795492094,
  student3: 1795492095,
  student4: 1795492096,
  student5: 1795492152,
  student6: 1795492152,
  teacher1: 1795492094,
  ta1: 1795492094,
  "o'brien": 1795492094,
  'jürgen.müller': 1795492094,
  学生: 1795492094,
  'anna@uni.test': 1795492094,
};

function addPeople(site: MoodleSite): void {
  const person = (id: number, username: string, firstName: string, lastName: string, more: object = {}) => {
    const seen = ACCESSES[username] ?? 0;
    const email = username.includes('@') ? username : `${username}@uni.test`;
    const password = PASSWORD;
    addUser(site, { id, username, firstName, lastName, email, password, firstAccess: seen, lastAccess: seen, ...more });
  };
  for (let n = 1; n <= 50; n++)
    person(n + 2, `student${n}`, `Student${n}`, `Lastname${n}`, {
      idnumber: `SID${String(n).padStart(5, '0')}`,
      department: 'CS',
      institution: 'Uni',
      ...(n === 1 ? { firstAccess: 1795491964, lastAccess: 1795492094 } : {}),
      ...(n === 5
        ? { description: '<img src=x onerror=alert(1)>', cleanedDescription: '<img src="x" alt="x" />' }
        : {}),
    });
  for (let n = 1; n <= 4; n++) person(n + 52, `teacher${n}`, `Teacher${n}`, `Prof${n}`, { idnumber: `TID${n}` });
  person(57, 'ta1', 'Tess', 'Assistant');
  person(58, 'manager1', 'Man', 'Ager');
  person(59, "o'brien", 'Pat', "O'Brien");
  person(60, 'jürgen.müller', 'Jürgen', 'Müller x', { email: 'juergen@uni.test' });
  person(61, '学生', '小明', '王', { email: 'xm@uni.test' });
  person(62, 'anna@uni.test', 'Anna', 'Email');
  person(63, 'suspended1', 'Sue', 'Spended', { suspended: true });
  person(64, 'deleted1', 'Del', 'Eted');
  person(65, 'susenrol1', 'Sus', 'Enrol');
  person(66, 'expired1', 'Ex', 'Pired');
  person(67, 'future1', 'Fu', 'Ture');
  person(68, 'wsservice', 'WS', 'Service');
  person(69, 'wsnocap', 'WS', 'Nocap', {
    preferences: [
      { name: 'auth_manual_passwordupdatetime', value: String(SETUP_AT) },
      { name: 'last_time_enrolments_synced', value: '1795492200' },
      { name: '_lastloaded', value: 1795492200 },
    ],
  });
  // Names of the 1000 are reconstructed: captures give only their lengths (ws_timings.json).
  for (let n = 1; n <= 1000; n++) person(n + 69, `bulk${n}`, `Bulk${n}`, `Large${n}`, { idnumber: `B${n}` });
  const admin = site.users.get(2);
  if (admin === undefined) throw new Error('emptySite makes the admin');
  admin.password = PASSWORD;
  admin.firstAccess = 1795492153;
  admin.lastAccess = 1795492153;
  admin.preferences = [
    { name: 'core_message_migrate_data', value: '1' },
    { name: 'core_user_welcome', value: '1795492153' },
    { name: 'last_time_enrolments_synced', value: '1795492095' },
    { name: 'login_failed_count_since_success', value: '0' },
    { name: '_lastloaded', value: 1795492201 },
  ];
  deleteUser(site, 64, SETUP_AT);
}

function addCourses(site: MoodleSite): void {
  const hubImage = (image: string) => [
    { name: 'Hub image', shortname: 'hubimage', type: 'text', valueraw: image, value: image === '' ? null : image },
  ];
  const common = {
    startDate: 1788217200,
    timeCreated: SETUP_AT,
    timeModified: SETUP_AT,
    cacheRev: 1795491867,
    customFields: hubImage(''),
  };
  const frontPage = site.courses.get(1);
  if (frontPage === undefined) throw new Error('emptySite makes the front page');
  frontPage.timeCreated = 1795491739;
  frontPage.timeModified = 1795491759;
  frontPage.customFields = hubImage('');
  addCourse(site, {
    ...common,
    id: 2,
    shortname: 'DS101',
    fullname: 'Intro to Data Science',
    idnumber: 'SIS-DS101-2026',
    sortOrder: 10004,
    customFields: hubImage('scipy:2026a'),
  });
  addCourse(site, {
    ...common,
    id: 3,
    shortname: 'DL202',
    fullname: 'Deep Learning & "AI" <i>x</i>',
    sortOrder: 10003,
    groupMode: 1,
    groupModeForced: true,
  });
  addCourse(site, {
    ...common,
    id: 4,
    shortname: 'HID303',
    fullname: 'Hidden course',
    sortOrder: 10002,
    visible: false,
  });
  addCourse(site, {
    ...common,
    id: 5,
    shortname: 'BIG404',
    fullname: 'Big course',
    idnumber: 'SIS-BIG404',
    sortOrder: 10001,
  });
}

function addEnrolments(site: MoodleSite): void {
  const students = (courseId: number, from: number, to: number) => {
    for (let id = from; id <= to; id++) enrol(site, id, courseId, ['student']);
  };
  students(2, 3, 32);
  for (const id of [59, 60, 61, 62, 63]) enrol(site, id, 2, ['student']);
  enrol(site, 53, 2, ['editingteacher']);
  enrol(site, 54, 2, ['teacher']);
  enrol(site, 57, 2, ['ta', 'student']);
  enrol(site, 65, 2, ['student'], { status: 'suspended' });
  enrol(site, 66, 2, ['student'], { endsAt: RECORDED_AT_SECONDS - DAY });
  enrol(site, 67, 2, ['student'], { startsAt: RECORDED_AT_SECONDS + 30 * DAY });
  // DL202's 32 people: captures show students from 20 on and teacher2; the last one is reconstructed.
  students(3, 22, 52);
  enrol(site, 54, 3, ['editingteacher']);
  enrol(site, 55, 3, ['teacher']);
  students(4, 3, 7);
  enrol(site, 53, 4, ['editingteacher']);
  enrol(site, 53, 5, ['editingteacher']);
  enrol(site, 56, 5, ['editingteacher']);
  students(5, 70, 1069);
  // student41 was deleted between the OAuth and the web-service captures.
  deleteUser(site, 43, 1795492095);
}

function addGroups(site: MoodleSite): void {
  const group = (id: number, courseId: number, name: string, members: number[], more: object = {}) => {
    addGroup(site, { id, courseId, name, ...more });
    for (const member of members) addToGroup(site, id, member);
  };
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
  group(1, 2, 'Group A', [...range(3, 12), 53, 65, 66], { idnumber: 'SIS-GA' });
  // Group B beyond student1 is reconstructed.
  group(2, 2, 'Group B', [3, ...range(13, 22)]);
  group(3, 3, 'DL Group 1', range(22, 36));
  group(4, 3, 'DL Group 2', [...range(37, 42), ...range(44, 52)]);
  group(5, 2, 'Hidden group', [3], {
    idnumber: 'hidg',
    descriptionFormat: 0,
    enrolmentKey: null,
    visibility: 3,
    participation: false,
  });
  site.cohorts.set(1, { id: 1, name: 'GPU users', idnumber: 'gpu-users', visible: true, memberIds: [3, 4, 53] });
  site.cohorts.set(2, { id: 2, name: 'Category cohort', idnumber: 'cat-cohort', visible: false, memberIds: [5] });
}

/** Functions of the recorded service "hub", the first six in the recorded order; some are listed but not simulated. */
const RECORDED_FUNCTIONS = [
  'core_webservice_get_site_info',
  'core_user_get_users',
  'core_user_get_users_by_field',
  'core_course_get_courses',
  'core_course_get_courses_by_field',
  'core_course_search_courses',
  'core_enrol_get_enrolled_users',
  'core_enrol_get_users_courses',
  'core_group_get_course_groups',
  'core_group_get_group_members',
  'core_cohort_get_cohorts',
  'core_cohort_get_cohort_members',
];

function addAccess(site: MoodleSite): void {
  const callback = 'http://127.0.0.1:9999/hub/oauth_callback';
  site.oauthClients = [
    { clientId: 'jupyterhub', secret: 'OAUTH_CLIENT_SECRET', redirectUri: callback },
    { clientId: 'otherclient', secret: 'OTHER_CLIENT_SECRET', redirectUri: 'http://127.0.0.1:9998/cb' },
    { clientId: 'multi', secret: 'MULTI_SECRET', redirectUri: 'http://127.0.0.1:9999/a http://127.0.0.1:9999/b' },
    { clientId: 'noreg', secret: 'NOREG_SECRET', redirectUri: '' },
  ];
  site.systemCapabilities.set(68, new Set(SERVICE_CAPABILITIES));
  site.systemCapabilities.set(69, new Set(['webservice/rest:use']));
  site.services = [
    {
      shortname: 'hub',
      enabled: true,
      restrictedUsers: true,
      allowedUserIds: new Set([2, 68, 69]),
      functions: RECORDED_FUNCTIONS,
    },
  ];
  site.tokens = [
    { token: 'WS_TOKEN_ADMIN', userId: 2, serviceShortname: 'hub', validUntil: 0, ipRestriction: '' },
    { token: 'WS_TOKEN_SERVICE', userId: 68, serviceShortname: 'hub', validUntil: 0, ipRestriction: '' },
    { token: 'WS_TOKEN_NOCAP', userId: 69, serviceShortname: 'hub', validUntil: 0, ipRestriction: '' },
  ];
}

/** The recorded site as it was at RECORDED_AT_SECONDS. Everybody's password is "Passw0rd!". */
export function recordedSite(): MoodleSite {
  const site = emptySite({ name: 'Moodle Test Uni', shortname: 'MTU' });
  site.roles.set('ta', { id: 9, shortname: 'ta', capabilities: ['moodle/grade:viewall'], courseContact: false });
  addPeople(site);
  addCourses(site);
  addEnrolments(site);
  addGroups(site);
  addAccess(site);
  return site;
}
