// Groups of a course and cohorts (moodle.md 2.6, 2.9).
import type { MoodleCohort, MoodleGroup } from './model.ts';
import {
  accessibleCourse,
  demand,
  may,
  nameText,
  type WebServiceCall,
  type WebServiceFunction,
} from './web-service-call.ts';
import { missingRecord } from './web-service-errors.ts';
import { int, list } from './web-service-parameters.ts';

/** Without course:viewhiddengroups the hidden ones are silently missing (moodle.md 2.9). */
export const groupIsVisible = (call: WebServiceCall, group: MoodleGroup): boolean =>
  group.visibility === 0 ||
  (group.visibility < 3 && group.memberIds.has(call.caller.userId)) ||
  may(call, 'moodle/course:viewhiddengroups', group.courseId);

const getCourseGroups: WebServiceFunction = {
  parameters: { courseid: int() },
  run(call, { courseid }: { courseid: number }) {
    accessibleCourse(call, courseid);
    demand(call, 'moodle/course:managegroups', courseid);
    return [...call.site.groups.values()]
      .filter((group) => group.courseId === courseid && groupIsVisible(call, group))
      .sort((a, b) => a.name.localeCompare(b.name))
      .map((group) => ({
        id: group.id,
        courseid,
        name: nameText(call, group.name),
        description: group.description,
        descriptionformat: group.descriptionFormat,
        enrolmentkey: group.enrolmentKey,
        idnumber: group.idnumber,
        visibility: group.visibility,
        participation: group.participation,
      }));
  },
};

/** Inactive members are listed too; order by last and first name (ws_group_members.json). */
function memberIdsOf(call: WebServiceCall, group: MoodleGroup): number[] {
  return [...group.memberIds]
    .flatMap((id) => call.site.users.get(id) ?? [])
    .sort((a, b) => a.lastName.localeCompare(b.lastName) || a.firstName.localeCompare(b.firstName))
    .map((user) => user.id);
}

const getGroupMembers: WebServiceFunction = {
  parameters: { groupids: list(int()) },
  run(call, { groupids }: { groupids: number[] }) {
    return groupids.map((groupid) => {
      const group = call.site.groups.get(groupid);
      if (group === undefined) throw missingRecord('groups');
      accessibleCourse(call, group.courseId);
      demand(call, 'moodle/course:managegroups', group.courseId);
      return { groupid, userids: memberIdsOf(call, group) };
    });
  },
};

function cohortOf(call: WebServiceCall, id: number): MoodleCohort {
  const cohort = call.site.cohorts.get(id);
  if (cohort === undefined) throw missingRecord('cohort');
  return cohort;
}

const getCohorts: WebServiceFunction = {
  parameters: { cohortids: list(int(), true) },
  run(call, { cohortids = [] }: { cohortids?: number[] }) {
    demand(call, 'moodle/cohort:view');
    const cohorts =
      cohortids.length === 0 ? [...call.site.cohorts.values()] : cohortids.map((id) => cohortOf(call, id));
    return cohorts.map(({ id, name, idnumber, visible }) => ({
      id,
      name: nameText(call, name),
      idnumber,
      description: '',
      descriptionformat: 1,
      visible,
      theme: '',
      customfields: [],
    }));
  },
};

const getCohortMembers: WebServiceFunction = {
  parameters: { cohortids: list(int()) },
  run(call, { cohortids }: { cohortids: number[] }) {
    demand(call, 'moodle/cohort:view');
    return cohortids.map((cohortid) => ({ cohortid, userids: cohortOf(call, cohortid).memberIds }));
  },
};

export const GROUP_FUNCTIONS: Readonly<Record<string, WebServiceFunction>> = {
  core_group_get_course_groups: getCourseGroups,
  core_group_get_group_members: getGroupMembers,
  core_cohort_get_cohorts: getCohorts,
  core_cohort_get_cohort_members: getCohortMembers,
};
