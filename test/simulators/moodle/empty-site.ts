// A Moodle site right after installation: front page, guest, admin, the standard roles.
import type { MoodleRole, MoodleSite } from './model.ts';
import { addCourse, addUser } from './site-changes.ts';

const TEACHING = ['moodle/course:viewhiddencourses', 'moodle/course:viewparticipants', 'moodle/grade:viewall'];

/** Standard roles with the ids of a fresh site, and of their capabilities those that the simulated calls ask for. */
const STANDARD_ROLES: readonly MoodleRole[] = [
  {
    id: 1,
    shortname: 'manager',
    capabilities: [...TEACHING, 'moodle/course:manageactivities', 'moodle/course:update', 'moodle/course:managegroups'],
    courseContact: false,
  },
  { id: 2, shortname: 'coursecreator', capabilities: [], courseContact: false },
  {
    id: 3,
    shortname: 'editingteacher',
    capabilities: [...TEACHING, 'moodle/course:manageactivities', 'moodle/course:update', 'moodle/course:managegroups'],
    courseContact: true,
  },
  { id: 4, shortname: 'teacher', capabilities: TEACHING, courseContact: false },
  { id: 5, shortname: 'student', capabilities: ['moodle/course:viewparticipants'], courseContact: false },
];

/** A site with nobody in it but guest (1) and admin (2), and the front page as course 1. */
export function emptySite(names: { name: string; shortname: string }): MoodleSite {
  const site: MoodleSite = {
    ...names,
    version: '2024100700',
    release: '4.5 (Build: 20241007)',
    themeRevision: 1795491756,
    maxInputVars: 5000,
    users: new Map(),
    adminIds: new Set([2]),
    systemCapabilities: new Map(),
    courses: new Map(),
    roles: new Map(STANDARD_ROLES.map((role) => [role.shortname, role])),
    enrolments: [],
    groups: new Map(),
    cohorts: new Map(),
    oauthClients: [],
    services: [],
    tokens: [],
  };
  addUser(site, {
    id: 1,
    username: 'guest',
    firstName: 'Guest user',
    lastName: ' ',
    email: 'root@localhost',
    cleanedDescription: 'This user is a special user that allows read-only access to some courses.',
  });
  addUser(site, { id: 2, username: 'admin', firstName: 'Admin', lastName: 'User', email: 'admin@example.test' });
  addCourse(site, {
    id: 1,
    shortname: names.shortname,
    fullname: names.name,
    categoryId: 0,
    categoryName: '',
    sortOrder: 1,
    summary: '',
    summaryFormat: 0,
    format: 'site',
    newsItems: 3,
    sectionCount: 1,
    contextId: 2,
  });
  return site;
}
