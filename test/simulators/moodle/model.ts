// The state of a simulated Moodle site: plain data that tests may read and change at any time. Times are Unix seconds, 0 = none, as Moodle stores them.

export interface MoodleUser {
  readonly id: number;
  username: string;
  password: string;
  firstName: string;
  lastName: string;
  email: string;
  idnumber: string;
  auth: string;
  lang: string;
  department: string;
  institution: string;
  country: string;
  phone1: string;
  address: string;
  /** Raw HTML as the person wrote it: user_info.php gives it away like this (moodle.md 1.12 item 4). */
  description: string | null;
  /** What Moodle's HTML cleaner makes of `description`: web services answer this one. */
  cleanedDescription: string | null;
  suspended: boolean;
  deleted: boolean;
  firstAccess: number;
  lastAccess: number;
  preferences: { name: string; value: string | number }[];
}

export interface MoodleCourse {
  readonly id: number;
  shortname: string;
  fullname: string;
  idnumber: string;
  categoryId: number;
  categoryName: string;
  sortOrder: number;
  summary: string;
  summaryFormat: number;
  format: string;
  newsItems: number;
  sectionCount: number;
  visible: boolean;
  /** 0 no groups, 1 separate groups, 2 visible groups. */
  groupMode: 0 | 1 | 2;
  groupModeForced: boolean;
  startDate: number;
  endDate: number;
  timeCreated: number;
  timeModified: number;
  cacheRev: number;
  contextId: number;
  customFields: { name: string; shortname: string; type: string; valueraw: string; value: string | null }[];
}

export interface MoodleRole {
  readonly id: number;
  shortname: string;
  capabilities: readonly string[];
  /** Site setting "course contacts": such people are visible to everybody (moodle.md 2.9, user:viewdetails). */
  courseContact: boolean;
}

/** One person in one course. Moodle keeps role assignments apart; here they end with the enrolment, as Moodle's manual enrolment does. */
export interface MoodleEnrolment {
  readonly userId: number;
  readonly courseId: number;
  roles: string[];
  status: 'active' | 'suspended';
  startsAt: number;
  endsAt: number;
}

export interface MoodleGroup {
  readonly id: number;
  readonly courseId: number;
  name: string;
  idnumber: string;
  description: string;
  descriptionFormat: number;
  enrolmentKey: string | null;
  /** 0 everybody, 1 members, 2 own membership, 3 nobody. */
  visibility: 0 | 1 | 2 | 3;
  participation: boolean;
  memberIds: Set<number>;
}

export interface MoodleCohort {
  readonly id: number;
  name: string;
  idnumber: string;
  visible: boolean;
  memberIds: number[];
}

export interface OauthClient {
  clientId: string;
  secret: string;
  /** As stored by the plugin: '' = any URI is accepted, several are separated by a space. */
  redirectUri: string;
}

export interface WebServiceToken {
  token: string;
  userId: number;
  serviceShortname: string;
  validUntil: number;
  ipRestriction: string;
}

export interface ExternalService {
  shortname: string;
  enabled: boolean;
  restrictedUsers: boolean;
  allowedUserIds: Set<number>;
  functions: string[];
}

export interface MoodleSite {
  name: string;
  shortname: string;
  version: string;
  release: string;
  /** In the URL of every picture. */
  themeRevision: number;
  /** PHP max_input_vars: what is beyond it is silently not read (moodle.md 2.1). */
  maxInputVars: number;
  users: Map<number, MoodleUser>;
  adminIds: Set<number>;
  /** Capabilities that a person has at system context, by user id. */
  systemCapabilities: Map<number, Set<string>>;
  courses: Map<number, MoodleCourse>;
  roles: Map<string, MoodleRole>;
  enrolments: MoodleEnrolment[];
  groups: Map<number, MoodleGroup>;
  cohorts: Map<number, MoodleCohort>;
  oauthClients: OauthClient[];
  services: ExternalService[];
  tokens: WebServiceToken[];
}

/** Moodle's front page is a course too, with this id. */
export const SITE_COURSE_ID = 1;

export function userByUsername(site: MoodleSite, username: string): MoodleUser {
  for (const user of site.users.values()) if (user.username === username) return user;
  throw new Error(`The simulated Moodle has no user "${username}".`);
}

export function courseByShortname(site: MoodleSite, shortname: string): MoodleCourse {
  for (const course of site.courses.values()) if (course.shortname === shortname) return course;
  throw new Error(`The simulated Moodle has no course "${shortname}".`);
}

export function enrolmentOf(site: MoodleSite, userId: number, courseId: number): MoodleEnrolment | undefined {
  return site.enrolments.find((enrolment) => enrolment.userId === userId && enrolment.courseId === courseId);
}

/** "Active" as web services mean it: the account's own suspension does not count (moodle.md 2.5). */
export function isActiveEnrolment(enrolment: MoodleEnrolment, nowSeconds: number): boolean {
  return (
    enrolment.status === 'active' &&
    enrolment.startsAt <= nowSeconds &&
    (enrolment.endsAt === 0 || enrolment.endsAt > nowSeconds)
  );
}
