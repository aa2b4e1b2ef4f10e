// Changes to a simulated site, as an administrator or an SIS would make them in Moodle's pages.
import { createHash } from 'node:crypto';
import {
  enrolmentOf,
  type MoodleCourse,
  type MoodleEnrolment,
  type MoodleGroup,
  type MoodleSite,
  type MoodleUser,
  SITE_COURSE_ID,
} from './model.ts';

function userOf(site: MoodleSite, userId: number): MoodleUser {
  const user = site.users.get(userId);
  if (user === undefined) throw new Error(`The simulated Moodle has no user with id ${userId}.`);
  return user;
}

function groupOf(site: MoodleSite, groupId: number): MoodleGroup {
  const group = site.groups.get(groupId);
  if (group === undefined) throw new Error(`The simulated Moodle has no group with id ${groupId}.`);
  return group;
}

const nextId = (ids: Iterable<number>): number => Math.max(0, ...ids) + 1;

/** Adds a person with Moodle's defaults; the id is the next free one unless it is given. */
export function addUser(
  site: MoodleSite,
  given: Partial<MoodleUser> & Pick<MoodleUser, 'username' | 'firstName' | 'lastName' | 'email'>,
): MoodleUser {
  const user: MoodleUser = {
    id: nextId(site.users.keys()),
    password: 'demo',
    idnumber: '',
    auth: 'manual',
    lang: 'en',
    department: '',
    institution: '',
    country: '',
    phone1: '',
    address: '',
    description: null,
    cleanedDescription: null,
    suspended: false,
    deleted: false,
    firstAccess: 0,
    lastAccess: 0,
    preferences: [],
    ...given,
  };
  site.users.set(user.id, user);
  return user;
}

/** Adds a course with Moodle's defaults; the id is the next free one unless it is given. */
export function addCourse(
  site: MoodleSite,
  given: Partial<MoodleCourse> & Pick<MoodleCourse, 'shortname' | 'fullname'>,
): MoodleCourse {
  const id = given.id ?? nextId(site.courses.keys());
  const course: MoodleCourse = {
    idnumber: '',
    categoryId: 1,
    categoryName: 'Category 1',
    sortOrder: 10_000 + id,
    summary: '<p>Summary</p>',
    summaryFormat: 1,
    format: 'topics',
    newsItems: 1,
    sectionCount: 3,
    visible: true,
    groupMode: 0,
    groupModeForced: false,
    startDate: 0,
    endDate: 0,
    timeCreated: 0,
    timeModified: 0,
    cacheRev: 0,
    contextId: 76 + id,
    customFields: [],
    ...given,
    id,
  };
  site.courses.set(id, course);
  return course;
}

export function addGroup(
  site: MoodleSite,
  given: Partial<MoodleGroup> & Pick<MoodleGroup, 'courseId' | 'name'>,
): MoodleGroup {
  const group: MoodleGroup = {
    id: nextId(site.groups.keys()),
    idnumber: '',
    description: '',
    descriptionFormat: 1,
    enrolmentKey: '',
    visibility: 0,
    participation: true,
    memberIds: new Set(),
    ...given,
  };
  site.groups.set(group.id, group);
  return group;
}

/** Enrols a person or, when they are in the course already, replaces roles, status and dates. Dates are Unix seconds, 0 = none. */
export function enrol(
  site: MoodleSite,
  userId: number,
  courseId: number,
  roles: string[],
  more: Partial<Pick<MoodleEnrolment, 'status' | 'startsAt' | 'endsAt'>> = {},
): void {
  userOf(site, userId);
  if (!site.courses.has(courseId)) throw new Error(`The simulated Moodle has no course with id ${courseId}.`);
  for (const role of roles) if (!site.roles.has(role)) throw new Error(`The simulated Moodle has no role "${role}".`);
  site.enrolments = site.enrolments.filter((other) => other.userId !== userId || other.courseId !== courseId);
  site.enrolments.push({ userId, courseId, roles: [...roles], status: 'active', startsAt: 0, endsAt: 0, ...more });
}

/** Also takes the person out of the course's groups, as Moodle does. */
export function unenrol(site: MoodleSite, userId: number, courseId: number): void {
  site.enrolments = site.enrolments.filter((other) => other.userId !== userId || other.courseId !== courseId);
  for (const group of site.groups.values()) if (group.courseId === courseId) group.memberIds.delete(userId);
}

export function setEnrolmentStatus(
  site: MoodleSite,
  userId: number,
  courseId: number,
  status: 'active' | 'suspended',
): void {
  const enrolment = enrolmentOf(site, userId, courseId);
  if (enrolment === undefined) throw new Error(`User ${userId} is not enrolled in course ${courseId}.`);
  enrolment.status = status;
}

/** Unix seconds, 0 = no limit. */
export function setEnrolmentDates(
  site: MoodleSite,
  userId: number,
  courseId: number,
  dates: { startsAt: number; endsAt: number },
): void {
  const enrolment = enrolmentOf(site, userId, courseId);
  if (enrolment === undefined) throw new Error(`User ${userId} is not enrolled in course ${courseId}.`);
  enrolment.startsAt = dates.startsAt;
  enrolment.endsAt = dates.endsAt;
}

export function addToGroup(site: MoodleSite, groupId: number, userId: number): void {
  userOf(site, userId);
  groupOf(site, groupId).memberIds.add(userId);
}

export function removeFromGroup(site: MoodleSite, groupId: number, userId: number): void {
  groupOf(site, groupId).memberIds.delete(userId);
}

export function removeGroup(site: MoodleSite, groupId: number): void {
  site.groups.delete(groupId);
}

/** The person's Moodle sessions are over from now on; codes and tokens go on working (moodle.md 1.9). */
export function suspendUser(site: MoodleSite, userId: number): void {
  userOf(site, userId).suspended = true;
}

export function unsuspendUser(site: MoodleSite, userId: number): void {
  userOf(site, userId).suspended = false;
}

export function renameUser(site: MoodleSite, userId: number, username: string): void {
  const user = userOf(site, userId);
  for (const other of site.users.values())
    if (other.id !== userId && other.username === username) throw new Error(`"${username}" is taken.`);
  user.username = username;
}

/** Moodle keeps the row and mangles it: username = e-mail + time, e-mail = md5 of the username (moodle.md 1.9, 2.4). */
export function deleteUser(site: MoodleSite, userId: number, nowSeconds: number): void {
  const user = userOf(site, userId);
  const emailHash = createHash('md5').update(user.username).digest('hex');
  user.username = `${user.email}.${nowSeconds}`;
  user.email = emailHash;
  user.idnumber = '';
  user.deleted = true;
  site.enrolments = site.enrolments.filter((enrolment) => enrolment.userId !== userId);
  for (const group of site.groups.values()) group.memberIds.delete(userId);
  for (const cohort of site.cohorts.values()) cohort.memberIds = cohort.memberIds.filter((id) => id !== userId);
}

/** Removes a course with its enrolments and groups. */
export function deleteCourse(site: MoodleSite, courseId: number): void {
  if (courseId === SITE_COURSE_ID) throw new Error('The front page cannot be deleted.');
  site.courses.delete(courseId);
  site.enrolments = site.enrolments.filter((enrolment) => enrolment.courseId !== courseId);
  for (const group of [...site.groups.values()]) if (group.courseId === courseId) site.groups.delete(group.id);
}
