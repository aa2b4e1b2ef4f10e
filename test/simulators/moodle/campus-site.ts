// A small friendly campus for the demo and for tests: each person shows one thing. Everybody's password is "demo".
import { SERVICE_CAPABILITIES } from './capabilities.ts';
import { emptySite } from './empty-site.ts';
import type { MoodleSite } from './model.ts';
import { addCourse, addGroup, addToGroup, addUser, enrol } from './site-changes.ts';

export interface CampusSiteOptions {
  readonly oauthClientSecret: string;
  readonly oauthRedirectUri: string;
  readonly webServiceToken: string;
  /** Enrolment dates are set around it; default: the clock. */
  readonly now?: Date;
}

const DAY = 86_400;

/** Functions that coursehub needs (moodle.md 2.9), all of them simulated. */
export const SERVICE_FUNCTIONS: readonly string[] = [
  'core_webservice_get_site_info',
  'core_course_get_courses',
  'core_course_get_courses_by_field',
  'core_enrol_get_enrolled_users',
  'core_enrol_get_users_courses',
  'core_group_get_course_groups',
  'core_group_get_group_members',
  'core_user_get_users_by_field',
  'core_user_get_users',
  'core_cohort_get_cohorts',
  'core_cohort_get_cohort_members',
];

/** username, first name, last name; e-mail is made from the username where none is given. */
const PEOPLE: readonly (readonly [string, string, string, string?])[] = [
  ['student1', 'Stella', 'Student'],
  ['student2', 'Ben', 'Student'],
  ['student3', 'Carla', 'Student'],
  ['student4', 'Dario', 'Student'],
  ['student5', 'Elif', 'Student'],
  ['teacher1', 'Theo', 'Teacher'],
  ['ta1', 'Tess', 'Assistant'],
  ['suspended1', 'Sue', 'Spended'],
  ['susenrol1', 'Sven', 'Enrol'],
  ['expired1', 'Ex', 'Pired'],
  ['future1', 'Fu', 'Ture'],
  ["o'brien", 'Pat', "O'Brien"],
  ['学生', '小明', '王', 'xm@uni.test'],
  ['jürgen.müller', 'Jürgen', 'Müller', 'juergen@uni.test'],
  ['anna@uni.test', 'Anna', 'Email', 'anna@uni.test'],
  ['anna', 'Anna', 'Short', 'anna.short@uni.test'],
  ['ann', 'Ann', 'Shorter'],
  ['gpuadmin', 'Gale', 'Operator'],
];

function addCampusCourses(site: MoodleSite, now: number) {
  const common = { startDate: now - 40 * DAY, timeCreated: now - 60 * DAY, timeModified: now - 60 * DAY };
  const ds = addCourse(site, {
    ...common,
    shortname: 'DS101',
    fullname: 'Intro to Data Science',
    idnumber: 'SIS-DS101-2026',
  });
  // A name with everything that goes wrong when somebody forgets to escape it.
  const dl = addCourse(site, {
    ...common,
    shortname: 'DL202',
    fullname: 'Deep Learning & "AI" <i>',
    idnumber: 'SIS-DL202-2026',
  });
  const hidden = addCourse(site, { ...common, shortname: 'HID303', fullname: 'Hidden course', visible: false });
  return { ds: ds.id, dl: dl.id, hidden: hidden.id };
}

function addCampusEnrolments(site: MoodleSite, id: (username: string) => number, now: number): void {
  const { ds, dl, hidden } = addCampusCourses(site, now);
  const both = [
    'student1',
    'student3',
    'student4',
    'student5',
    'suspended1',
    "o'brien",
    '学生',
    'jürgen.müller',
    'anna@uni.test',
    'anna',
    'ann',
  ];
  for (const course of [ds, dl]) {
    for (const username of both) enrol(site, id(username), course, ['student']);
    enrol(site, id('teacher1'), course, ['editingteacher']);
    enrol(site, id('ta1'), course, ['student', 'ta']);
  }
  enrol(site, id('student2'), ds, ['student']);
  enrol(site, id('susenrol1'), dl, ['student'], { status: 'suspended' });
  enrol(site, id('expired1'), dl, ['student'], { startsAt: now - 30 * DAY, endsAt: now - DAY });
  enrol(site, id('future1'), dl, ['student'], { startsAt: now + 7 * DAY });
  enrol(site, id('teacher1'), hidden, ['editingteacher']);
  enrol(site, id('student1'), hidden, ['student']);
  const group1 = addGroup(site, { courseId: dl, name: 'DL 1' });
  const group2 = addGroup(site, { courseId: dl, name: 'DL 2', idnumber: 'SIS-DL2' });
  for (const username of ['student1', "o'brien", '学生', 'anna', 'ann']) addToGroup(site, group1.id, id(username));
  for (const username of ['student3', 'student4', 'student5', 'jürgen.müller', 'anna@uni.test'])
    addToGroup(site, group2.id, id(username));
}

/**
 * People: student1 (DL202 and DS101), student2 (DS101 only, so no GPU course), student3..5 (both, group "DL 2"), teacher1, ta1 (student and ta),
 * suspended1 (account suspended), susenrol1, expired1 and future1 (enrolments in DL202 that are suspended, over, not begun), people with difficult
 * usernames, gpuadmin (operator, not enrolled) and Moodle's own admin. Hidden course HID303. OAuth client `coursehub`; one web-service token with
 * the capabilities of moodle.md 2.9.
 */
export function campusSite(options: CampusSiteOptions): MoodleSite {
  const now = Math.floor((options.now ?? new Date()).getTime() / 1000);
  const site = emptySite({ name: 'Demo Campus', shortname: 'Campus' });
  site.roles.set('ta', { id: 9, shortname: 'ta', capabilities: ['moodle/grade:viewall'], courseContact: false });
  const ids = new Map<string, number>();
  for (const [username, firstName, lastName, email] of PEOPLE)
    ids.set(
      username,
      addUser(site, { username, firstName, lastName, email: email ?? `${username.replaceAll("'", '')}@uni.test` }).id,
    );
  const id = (username: string) => ids.get(username) ?? 0;
  const suspended = site.users.get(id('suspended1'));
  if (suspended !== undefined) suspended.suspended = true;
  addCampusEnrolments(site, id, now);
  const service = addUser(site, { username: 'wsservice', firstName: 'Web', lastName: 'Service', email: 'ws@uni.test' });
  site.systemCapabilities.set(service.id, new Set(SERVICE_CAPABILITIES));
  site.oauthClients = [
    { clientId: 'coursehub', secret: options.oauthClientSecret, redirectUri: options.oauthRedirectUri },
  ];
  site.services = [
    {
      shortname: 'coursehub',
      enabled: true,
      restrictedUsers: true,
      allowedUserIds: new Set([service.id]),
      functions: [...SERVICE_FUNCTIONS],
    },
  ];
  site.tokens = [
    {
      token: options.webServiceToken,
      userId: service.id,
      serviceShortname: 'coursehub',
      validUntil: 0,
      ipRestriction: '',
    },
  ];
  return site;
}
