// core_course_get_courses, core_course_get_courses_by_field, core_enrol_get_users_courses (moodle.md 2.3, 2.6).
import { can } from './capabilities.ts';
import { isActiveEnrolment, type MoodleCourse, SITE_COURSE_ID } from './model.ts';
import {
  accessibleCourse,
  may,
  mayAccess,
  nameText,
  type WebServiceCall,
  type WebServiceFunction,
} from './web-service-call.ts';
import { invalidParameter, missingRecord } from './web-service-errors.ts';
import { flag, int, list, record, text } from './web-service-parameters.ts';

const COURSE_UPDATE = 'moodle/course:update';

const formatOptions = (course: MoodleCourse): { name: string; value: number | string }[] =>
  course.id === SITE_COURSE_ID
    ? [{ name: 'numsections', value: course.sectionCount }]
    : [
        { name: 'hiddensections', value: 1 },
        { name: 'coursedisplay', value: 0 },
      ];

const conditionsShown = (course: MoodleCourse): true | null => (course.id === SITE_COURSE_ID ? null : true);

/** Half of the fields, `visible` among them, only for those who may edit the course (Moodle's source; idnumber and timemodified measured, 2.9). */
function courseItem(call: WebServiceCall, course: MoodleCourse): object {
  const editor = may(call, COURSE_UPDATE, course.id);
  const name = nameText(call, course.fullname);
  const when = <T extends object>(shown: boolean, fields: T): T | Record<string, never> => (shown ? fields : {});
  return {
    id: course.id,
    shortname: nameText(call, course.shortname),
    categoryid: course.categoryId,
    ...when(editor, { categorysortorder: course.sortOrder }),
    fullname: name,
    displayname: name,
    ...when(editor, { idnumber: course.idnumber }),
    summary: course.summary,
    summaryformat: course.summaryFormat,
    format: course.format,
    ...when(editor, { showgrades: 1, newsitems: course.newsItems }),
    startdate: course.startDate,
    enddate: course.endDate,
    ...when(editor, {
      numsections: course.sectionCount,
      maxbytes: 0,
      showreports: 0,
      visible: course.visible ? 1 : 0,
      ...when(course.id !== SITE_COURSE_ID, { hiddensections: 1 }),
      groupmode: course.groupMode,
      groupmodeforce: course.groupModeForced ? 1 : 0,
      defaultgroupingid: 0,
      timecreated: course.timeCreated,
      timemodified: course.timeModified,
      enablecompletion: 0,
      completionnotify: 0,
      lang: '',
      forcetheme: '',
      courseformatoptions: formatOptions(course),
    }),
    showactivitydates: false,
    showcompletionconditions: conditionsShown(course),
    customfields: course.customFields,
  };
}

/** One course out of reach fails the whole call (moodle.md 2.3). */
const getCourses: WebServiceFunction = {
  parameters: { options: record({ ids: list(int(), true) }, true) },
  run(call, parameters: { options?: { ids?: number[] } }) {
    const ids = parameters.options?.ids ?? [];
    const courses = [...call.site.courses.values()]
      .filter((course) => ids.length === 0 || ids.includes(course.id))
      .sort((a, b) => a.id - b.id);
    return courses.map((course) => courseItem(call, accessibleCourse(call, course.id)));
  },
};

const FILTERS = ['displayh5p', 'activitynames', 'mathjaxloader', 'emoticon', 'urltolink', 'mediaplugin'].map(
  (filter) => ({ filter, localstate: 0, inheritedstate: 1 }),
);

function contactsOf(call: WebServiceCall, course: MoodleCourse): { id: number; fullname: string }[] {
  return call.site.enrolments
    .filter((enrolment) => enrolment.courseId === course.id && isActiveEnrolment(enrolment, call.nowSeconds))
    .filter((enrolment) => enrolment.roles.some((role) => call.site.roles.get(role)?.courseContact === true))
    .flatMap((enrolment) => call.site.users.get(enrolment.userId) ?? [])
    .map((user) => ({ id: user.id, fullname: `${user.firstName} ${user.lastName}` }));
}

/** What anybody may read about a course that is not hidden. */
function publicFields(call: WebServiceCall, course: MoodleCourse): object {
  const name = nameText(call, course.fullname);
  return {
    id: course.id,
    fullname: name,
    displayname: name,
    shortname: nameText(call, course.shortname),
    courseimage: `${call.wwwroot}/pluginfile.php/${course.contextId}/course/generated/course.svg`,
    categoryid: course.categoryId,
    categoryname: course.categoryName,
    sortorder: course.sortOrder,
    summary: course.summary,
    summaryformat: course.summaryFormat,
    summaryfiles: [],
    overviewfiles: [],
    showactivitydates: false,
    showcompletionconditions: conditionsShown(course),
    contacts: contactsOf(call, course),
    enrollmentmethods: course.id === SITE_COURSE_ID ? [] : ['manual'],
    customfields: course.customFields,
  };
}

function memberFields(course: MoodleCourse, editor: boolean): object {
  return {
    ...(editor ? { idnumber: course.idnumber } : {}),
    format: course.format,
    showgrades: 1,
    newsitems: course.newsItems,
    startdate: course.startDate,
    enddate: course.endDate,
    maxbytes: 0,
    showreports: 0,
    visible: course.visible ? 1 : 0,
    groupmode: course.groupMode,
    groupmodeforce: course.groupModeForced ? 1 : 0,
    defaultgroupingid: 0,
    enablecompletion: 0,
    completionnotify: 0,
    lang: '',
    theme: '',
    marker: 0,
    ...(editor
      ? {
          legacyfiles: 0,
          calendartype: '',
          timecreated: course.timeCreated,
          timemodified: course.timeModified,
          requested: 0,
          cacherev: course.cacheRev,
        }
      : {}),
    filters: FILTERS,
    ...(editor
      ? {
          courseformatoptions: [
            ...formatOptions(course),
            ...(course.id === SITE_COURSE_ID ? [] : [{ name: 'indentation', value: '1' }]),
          ],
        }
      : {}),
  };
}

/** Courses that one cannot see are left out without a word (moodle.md 2.3). */
function visibleCourseItem(call: WebServiceCall, course: MoodleCourse): object[] {
  const editor = may(call, COURSE_UPDATE, course.id);
  const seesHidden = may(call, 'moodle/course:viewhiddencourses', course.id);
  if (!course.visible && !seesHidden && !editor) return [];
  if (mayAccess(call, course)) return [{ ...publicFields(call, course), ...memberFields(course, editor) }];
  return course.visible || seesHidden ? [publicFields(call, course)] : [];
}

const MATCHERS: Readonly<Record<string, (course: MoodleCourse, value: string) => boolean>> = {
  id: (course, value) => String(course.id) === value,
  ids: (course, value) => value.split(',').map(Number).includes(course.id),
  shortname: (course, value) => course.shortname === value,
  idnumber: (course, value) => course.idnumber === value,
  category: (course, value) => String(course.categoryId) === value,
};

const getCoursesByField: WebServiceFunction = {
  parameters: { field: text(''), value: text('') },
  run(call, { field, value }: { field: string; value: string }) {
    const matches = field === '' ? () => true : MATCHERS[field];
    if (matches === undefined) throw invalidParameter();
    const courses = [...call.site.courses.values()]
      .filter((course) => matches(course, value))
      .sort((a, b) => a.id - b.id);
    return { courses: courses.flatMap((course) => visibleCourseItem(call, course)), warnings: [] };
  },
};

/** Courses with an active enrolment; a hidden one only for people whose own role sees hidden courses. Order: visible first, then sortorder. */
export function activeCoursesOf(call: WebServiceCall, userId: number): MoodleCourse[] {
  return call.site.enrolments
    .filter((enrolment) => enrolment.userId === userId && isActiveEnrolment(enrolment, call.nowSeconds))
    .flatMap((enrolment) => call.site.courses.get(enrolment.courseId) ?? [])
    .filter(
      (course) =>
        course.visible || can(call.site, userId, 'moodle/course:viewhiddencourses', call.nowSeconds, course.id),
    )
    .sort((a, b) => Number(b.visible) - Number(a.visible) || a.sortOrder - b.sortOrder);
}

export const enrolledCount = (call: WebServiceCall, courseId: number): number =>
  call.site.enrolments.filter((enrolment) => enrolment.courseId === courseId).length;

function usersCourseItem(call: WebServiceCall, course: MoodleCourse, withCount: boolean): object {
  const name = nameText(call, course.fullname);
  return {
    id: course.id,
    shortname: nameText(call, course.shortname),
    fullname: name,
    displayname: name,
    ...(withCount ? { enrolledusercount: enrolledCount(call, course.id) } : {}),
    idnumber: course.idnumber,
    visible: course.visible ? 1 : 0,
    summary: course.summary,
    summaryformat: course.summaryFormat,
    format: course.format,
    courseimage: `${call.wwwroot}/pluginfile.php/${course.contextId}/course/generated/course.svg`,
    showgrades: true,
    lang: '',
    enablecompletion: false,
    completionhascriteria: false,
    completionusertracked: false,
    category: course.categoryId,
    progress: null,
    completed: null,
    startdate: course.startDate,
    enddate: course.endDate,
    marker: 0,
    lastaccess: null,
    isfavourite: false,
    hidden: false,
    overviewfiles: [],
    showactivitydates: false,
    showcompletionconditions: conditionsShown(course),
    timemodified: course.timeModified,
  };
}

/** Courses that the caller cannot view are dropped silently (moodle.md 2.6). */
const getUsersCourses: WebServiceFunction = {
  parameters: { userid: int(), returnusercount: flag(1) },
  run(call, { userid, returnusercount }: { userid: number; returnusercount: number }) {
    if (!call.site.users.has(userid)) throw missingRecord('user');
    return activeCoursesOf(call, userid)
      .filter((course) => mayAccess(call, course))
      .filter(
        (course) =>
          userid === call.caller.userId ||
          may(call, 'moodle/course:viewparticipants', course.id) ||
          may(call, 'moodle/course:enrolreview', course.id),
      )
      .map((course) => usersCourseItem(call, course, returnusercount === 1));
  },
};

export const COURSE_FUNCTIONS: Readonly<Record<string, WebServiceFunction>> = {
  core_course_get_courses: getCourses,
  core_course_get_courses_by_field: getCoursesByField,
  core_enrol_get_users_courses: getUsersCourses,
};
