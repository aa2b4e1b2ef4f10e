// core_enrol_get_enrolled_users with all its options (moodle.md 2.5, 2.9).
import {
  isActiveEnrolment,
  type MoodleCourse,
  type MoodleEnrolment,
  type MoodleUser,
  SITE_COURSE_ID,
} from './model.ts';
import {
  accessibleCourse,
  demand,
  may,
  nameText,
  pictureUrls,
  type WebServiceCall,
  type WebServiceFunction,
} from './web-service-call.ts';
import { activeCoursesOf } from './web-service-courses.ts';
import { codingError, invalidParameter, missingCapability } from './web-service-errors.ts';
import { groupIsVisible } from './web-service-groups.ts';
import { int, list, record, text } from './web-service-parameters.ts';
import { descriptionFields, personFields, visibilityOf } from './web-service-users.ts';

const SEPARATE_GROUPS = 1;

interface Options {
  readonly onlyActive: boolean;
  readonly onlySuspended: boolean;
  readonly groupId: number;
  readonly withCapability: string;
  readonly userFields: ReadonlySet<string>;
  readonly limitFrom: number;
  readonly limitNumber: number;
  readonly sortBy: string;
  readonly descending: boolean;
}

/** An option name that Moodle does not know is ignored without a word (moodle.md 2.1). */
function readOptions(pairs: readonly { name: string; value: string }[]): Options {
  const given = new Map(pairs.map(({ name, value }) => [name, value]));
  const number = (name: string) => {
    const value = given.get(name) ?? '0';
    if (!/^\d*$/.test(value)) throw invalidParameter();
    return Number(value);
  };
  const sortBy = given.get('sortby') ?? 'id';
  if (!['id', 'firstname', 'lastname', 'siteorder'].includes(sortBy)) throw invalidParameter();
  const direction = (given.get('sortdirection') ?? 'ASC').toUpperCase();
  if (direction !== 'ASC' && direction !== 'DESC') throw invalidParameter();
  return {
    onlyActive: number('onlyactive') !== 0,
    onlySuspended: number('onlysuspended') !== 0,
    groupId: number('groupid'),
    withCapability: given.get('withcapability') ?? '',
    userFields: new Set(
      (given.get('userfields') ?? '')
        .split(',')
        .map((name) => name.trim())
        .filter(Boolean),
    ),
    limitFrom: number('limitfrom'),
    limitNumber: number('limitnumber'),
    sortBy,
    descending: direction === 'DESC',
  };
}

function demandRights(call: WebServiceCall, course: MoodleCourse, options: Options): void {
  const reviews = may(call, 'moodle/course:enrolreview', course.id);
  if (!reviews && !may(call, 'moodle/course:viewparticipants', course.id))
    throw missingCapability('moodle/course:viewparticipants');
  if (options.withCapability !== '') demand(call, 'moodle/role:review', course.id);
  if (options.onlyActive || options.onlySuspended) demand(call, 'moodle/course:enrolreview', course.id);
  if (options.onlyActive && options.onlySuspended)
    throw codingError('Both onlyactive and onlysuspended are set, this is probably not what you want!');
}

/** Everybody on the site for course 1; without site:accessallgroups a separate-groups course shows nobody (measured: 32 -> 0). */
function membersOf(call: WebServiceCall, course: MoodleCourse, options: Options): MoodleUser[] {
  if (course.id === SITE_COURSE_ID) return [...call.site.users.values()].filter((user) => !user.deleted);
  const allGroups = may(call, 'moodle/site:accessallgroups', course.id);
  if (!allGroups && (course.groupMode === SEPARATE_GROUPS || options.groupId !== 0)) return [];
  const group = options.groupId === 0 ? undefined : call.site.groups.get(options.groupId);
  const wanted = (enrolment: MoodleEnrolment) => {
    const active = isActiveEnrolment(enrolment, call.nowSeconds);
    if (options.onlyActive && !active) return false;
    if (options.onlySuspended && active) return false;
    if (options.groupId !== 0 && group?.memberIds.has(enrolment.userId) !== true) return false;
    if (options.withCapability === '') return true;
    return enrolment.roles.some(
      (role) => call.site.roles.get(role)?.capabilities.includes(options.withCapability) === true,
    );
  };
  return call.site.enrolments
    .filter((enrolment) => enrolment.courseId === course.id && wanted(enrolment))
    .flatMap((enrolment) => call.site.users.get(enrolment.userId) ?? [])
    .filter((user) => !user.deleted);
}

function sortUsers(users: MoodleUser[], options: Options): MoodleUser[] {
  const byName = (a: MoodleUser, b: MoodleUser) => a.lastName.localeCompare(b.lastName);
  const compare: Record<string, (a: MoodleUser, b: MoodleUser) => number> = {
    firstname: (a, b) => a.firstName.localeCompare(b.firstName),
    lastname: byName,
    siteorder: (a, b) => byName(a, b) || a.firstName.localeCompare(b.firstName),
  };
  const by = compare[options.sortBy] ?? (() => 0);
  const sorted = users.sort((a, b) => by(a, b) || a.id - b.id);
  return options.descending ? sorted.reverse() : sorted;
}

function groupFields(call: WebServiceCall, course: MoodleCourse, user: MoodleUser): object {
  const groups = [...call.site.groups.values()]
    .filter((group) => group.courseId === course.id && group.memberIds.has(user.id))
    .filter((group) => groupIsVisible(call, group))
    .sort((a, b) => a.name.localeCompare(b.name))
    .map(({ id, name, description, descriptionFormat }) => ({
      id,
      name: nameText(call, name),
      description,
      descriptionformat: descriptionFormat,
    }));
  return groups.length === 0 ? {} : { groups };
}

function roleFields(call: WebServiceCall, course: MoodleCourse, user: MoodleUser): object {
  const enrolment = call.site.enrolments.find((row) => row.courseId === course.id && row.userId === user.id);
  const roles = (enrolment?.roles ?? [])
    .flatMap((shortname) => call.site.roles.get(shortname) ?? [])
    .sort((a, b) => a.id - b.id)
    .map((role) => ({ roleid: role.id, name: '', shortname: role.shortname, sortorder: 0 }));
  return { roles };
}

function enrolledCourseFields(call: WebServiceCall, user: MoodleUser): object {
  const courses = activeCoursesOf(call, user.id).map((course) => ({
    id: course.id,
    fullname: nameText(call, course.fullname),
    shortname: nameText(call, course.shortname),
  }));
  return courses.length === 0 ? {} : { enrolledcourses: courses };
}

function participant(call: WebServiceCall, course: MoodleCourse, user: MoodleUser): object {
  const courseId = course.id === SITE_COURSE_ID ? undefined : course.id;
  if (visibilityOf(call, user, courseId) === 'contact')
    return { id: user.id, fullname: `${user.firstName} ${user.lastName}`, ...pictureUrls(call) };
  return {
    ...personFields(call, user, courseId),
    lastcourseaccess: 0,
    ...descriptionFields(user),
    ...pictureUrls(call),
    ...groupFields(call, course, user),
    ...roleFields(call, course, user),
    ...enrolledCourseFields(call, user),
  };
}

/** id and fullname come always; names of fields that do not exist are ignored (moodle.md 2.5). */
function pick(item: object, fields: ReadonlySet<string>): object {
  if (fields.size === 0) return item;
  return Object.fromEntries(
    Object.entries(item).filter(([name]) => name === 'id' || name === 'fullname' || fields.has(name)),
  );
}

/** There is no enrolment status, date or account suspension in an item; people whom the caller may not see are silently missing. */
const getEnrolledUsers: WebServiceFunction = {
  parameters: { courseid: int(), options: list(record({ name: text(), value: text() }), true) },
  run(call, parameters: { courseid: number; options?: { name: string; value: string }[] }) {
    const options = readOptions(parameters.options ?? []);
    const course = accessibleCourse(call, parameters.courseid);
    demandRights(call, course, options);
    const members = sortUsers(membersOf(call, course, options), options);
    const end = options.limitNumber === 0 ? undefined : options.limitFrom + options.limitNumber;
    const courseId = course.id === SITE_COURSE_ID ? undefined : course.id;
    return members
      .slice(options.limitFrom, end)
      .filter((user) => visibilityOf(call, user, courseId) !== 'none')
      .map((user) => pick(participant(call, course, user), options.userFields));
  },
};

export const ENROLMENT_FUNCTIONS: Readonly<Record<string, WebServiceFunction>> = {
  core_enrol_get_enrolled_users: getEnrolledUsers,
};
