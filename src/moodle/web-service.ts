// The web-service functions of Moodle that coursehub uses, in the product's words (moodle.md 2).
import type { MoodleCourseId, MoodleUserId } from '../domain/ids.ts';
import type { RosterGroup } from '../domain/sync/observed.ts';
import { MoodleError } from './moodle-error.ts';
import { createCall, type MoodleWebServiceOptions } from './web-service-call.ts';
import {
  courseGroups,
  courseIds,
  coursesByField,
  type EnrolledUser,
  enrolledUsers,
  type ListedCourse,
  type PersonalCourse,
  type ShownAccount,
  SITE_COURSE_ID,
  type SiteInfo,
  siteInfo,
  usersByField,
  usersCourses,
} from './web-service-schemas.ts';

/** All functions that the service in Moodle must hold. */
export const NEEDED_FUNCTIONS = [
  'core_webservice_get_site_info',
  'core_course_get_courses',
  'core_course_get_courses_by_field',
  'core_enrol_get_enrolled_users',
  'core_enrol_get_users_courses',
  'core_group_get_course_groups',
  'core_user_get_users_by_field',
] as const;

/** PHP's max_input_vars is 1000 where nobody raised it, and cuts silently (moodle.md 2.1). */
export const MAX_IDS_PER_CALL = 400;

/** Which enrolments to list; `inactive` are suspended, ended and not yet begun ones (moodle.md 2.5). */
export type EnrolmentFilter = 'all' | 'active' | 'inactive';

export interface RosterPage {
  readonly offset: number;
  readonly limit: number;
}

/** Every function throws MoodleError. */
export interface MoodleWebService {
  readonly getSiteInfo: () => Promise<SiteInfo>;
  /** Every course that the account can see; what it cannot see is silently left out. Without the front page. */
  readonly listCourses: () => Promise<readonly ListedCourse[]>;
  /** Courses with exactly this idnumber, also when the account may not read idnumbers (moodle.md 2.3). */
  readonly listCoursesByIdnumber: (idnumber: string) => Promise<readonly ListedCourse[]>;
  /** Ids of all courses of the site; refused as a whole (errorcoursecontextnotvalid) when one of them cannot be seen. */
  readonly listAllCourseIds: () => Promise<readonly MoodleCourseId[]>;
  /** One page in the order of ids; roles and groups only for `all`. */
  readonly listEnrolled: (
    courseId: MoodleCourseId,
    filter: EnrolmentFilter,
    page: RosterPage,
  ) => Promise<readonly EnrolledUser[]>;
  readonly listCourseGroups: (courseId: MoodleCourseId) => Promise<readonly RosterGroup[]>;
  /** Courses with an active enrolment, as far as the account and that person may see them. */
  readonly listCoursesOf: (userId: MoodleUserId) => Promise<readonly PersonalCourse[]>;
  /** Accounts in any order; unknown ids are left out. At most MAX_IDS_PER_CALL. */
  readonly getAccounts: (ids: readonly MoodleUserId[]) => Promise<readonly ShownAccount[]>;
}

export function createMoodleWebService(options: MoodleWebServiceOptions): MoodleWebService {
  const call = createCall(options);
  return {
    getSiteInfo: () => call('core_webservice_get_site_info', {}, siteInfo),
    listCourses: async () => withoutFrontPage(await call('core_course_get_courses_by_field', {}, coursesByField)),
    listCoursesByIdnumber: async (idnumber) =>
      withoutFrontPage(
        await call('core_course_get_courses_by_field', { field: 'idnumber', value: idnumber }, coursesByField),
      ),
    listAllCourseIds: async () =>
      (await call('core_course_get_courses', {}, courseIds)).filter((id) => id !== SITE_COURSE_ID),
    listEnrolled: (courseId, filter, page) =>
      call('core_enrol_get_enrolled_users', { courseid: courseId, ...rosterOptions(filter, page) }, enrolledUsers),
    listCourseGroups: (courseId) => call('core_group_get_course_groups', { courseid: courseId }, courseGroups),
    listCoursesOf: async (userId) =>
      (await call('core_enrol_get_users_courses', { userid: userId }, usersCourses)).filter(
        (entry) => entry.course.moodleId !== SITE_COURSE_ID,
      ),
    async getAccounts(ids) {
      if (ids.length === 0) return [];
      if (ids.length > MAX_IDS_PER_CALL) throw new RangeError(`at most ${MAX_IDS_PER_CALL} ids`);
      const values = Object.fromEntries(ids.map((id, index) => [`values[${index}]`, id]));
      const accounts = await call('core_user_get_users_by_field', { field: 'id', ...values }, usersByField);
      const asked = new Set(ids);
      if (accounts.some((account) => !asked.has(account.moodleId)))
        throw new MoodleError(
          'malformed',
          'core_user_get_users_by_field',
          'Moodle answered with accounts that were not asked for.',
        );
      return accounts;
    },
  };
}

const withoutFrontPage = (courses: readonly ListedCourse[]): readonly ListedCourse[] =>
  courses.filter((course) => course.moodleId !== SITE_COURSE_ID);

/** The field list decides the time of the call (moodle.md 2.7): everything about the account itself comes from getAccounts. */
function rosterOptions(filter: EnrolmentFilter, page: RosterPage): Record<string, string | number> {
  const options: (readonly [string, string | number])[] = [
    ['userfields', filter === 'all' ? 'id,roles,groups' : 'id'],
    ['limitfrom', page.offset],
    ['limitnumber', page.limit],
    ['sortby', 'id'],
    ['sortdirection', 'ASC'],
  ];
  if (filter === 'active') options.push(['onlyactive', 1]);
  if (filter === 'inactive') options.push(['onlysuspended', 1]);
  return Object.fromEntries(
    options.flatMap(([name, value], index) => [
      [`options[${index}][name]`, name],
      [`options[${index}][value]`, value],
    ]),
  );
}
