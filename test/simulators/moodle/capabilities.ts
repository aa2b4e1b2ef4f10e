// What the person behind a web-service token may do: the capabilities of moodle.md 2.9, held at system context or through a course role.
import { enrolmentOf, isActiveEnrolment, type MoodleCourse, type MoodleSite, SITE_COURSE_ID } from './model.ts';

/** The role of moodle.md 2.9: the least that a service account needs to read everything. */
export const SERVICE_CAPABILITIES: readonly string[] = [
  'webservice/rest:use',
  'moodle/course:view',
  'moodle/course:viewhiddencourses',
  'moodle/user:viewdetails',
  'moodle/site:accessallgroups',
  'moodle/user:viewalldetails',
  'moodle/site:viewfullnames',
  'moodle/site:viewuseridentity',
  'moodle/course:enrolreview',
  'moodle/course:managegroups',
  'moodle/course:viewhiddengroups',
  'moodle/cohort:view',
];

/** The optional one of moodle.md 2.9: only with it course lists carry idnumber, timemodified and, in core_course_get_courses, `visible`. */
export const COURSE_UPDATE = 'moodle/course:update';

/** Moodle's names of capabilities, as its "nopermissions" sentence shows them. */
export const CAPABILITY_NAMES: Readonly<Record<string, string>> = {
  'moodle/cohort:view': 'View site-wide cohorts',
  'moodle/course:enrolreview': 'Review course enrolments',
  'moodle/course:managegroups': 'Manage groups',
  'moodle/course:viewparticipants': 'View participants',
  'moodle/role:review': 'Review permissions for others',
};

export interface Caller {
  readonly userId: number;
  readonly isAdmin: boolean;
  /** Names stay as they are stored instead of HTML-formatted (`moodlewssettingraw=1`). */
  readonly rawText: boolean;
}

function roleGives(
  site: MoodleSite,
  userId: number,
  courseId: number,
  capability: string,
  nowSeconds: number,
): boolean {
  const enrolment = enrolmentOf(site, userId, courseId);
  if (enrolment === undefined || !isActiveEnrolment(enrolment, nowSeconds)) return false;
  return enrolment.roles.some((role) => site.roles.get(role)?.capabilities.includes(capability) === true);
}

/** Whether somebody has a capability in a course (or, without one, in the system). Site admins have all. */
export function can(
  site: MoodleSite,
  userId: number,
  capability: string,
  nowSeconds: number,
  courseId?: number,
): boolean {
  if (site.adminIds.has(userId)) return true;
  if (site.systemCapabilities.get(userId)?.has(capability) === true) return true;
  return courseId !== undefined && roleGives(site, userId, courseId, capability, nowSeconds);
}

/** Moodle's can_access_course: course:view or an active enrolment, and for a hidden course course:viewhiddencourses. */
export function canAccessCourse(site: MoodleSite, userId: number, course: MoodleCourse, nowSeconds: number): boolean {
  if (course.id === SITE_COURSE_ID) return true;
  if (!course.visible && !can(site, userId, 'moodle/course:viewhiddencourses', nowSeconds, course.id)) return false;
  if (can(site, userId, 'moodle/course:view', nowSeconds, course.id)) return true;
  const enrolment = enrolmentOf(site, userId, course.id);
  return enrolment !== undefined && isActiveEnrolment(enrolment, nowSeconds);
}

/** Holders of a contact role in any course are visible without user:viewdetails (measured: 41 -> 2, moodle.md 2.9). */
export function isCourseContactAnywhere(site: MoodleSite, userId: number): boolean {
  return site.enrolments.some(
    (enrolment) =>
      enrolment.userId === userId && enrolment.roles.some((role) => site.roles.get(role)?.courseContact === true),
  );
}
