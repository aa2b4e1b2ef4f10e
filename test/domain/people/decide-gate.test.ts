// Who may sign in, by gate, roster and operators.
import { describe, expect, it } from 'vitest';
import type { Enrolment } from '../../../src/domain/courses/course.ts';
import { courseId, personId } from '../../../src/domain/ids.ts';
import { decideGate, type Gate, gateFacts } from '../../../src/domain/people/decide-gate.ts';
import { testConfig } from '../../support/test-config.ts';

const facts = { hasCourseProfile: false, isStaff: false, isOperator: false };

describe('the gate', () => {
  it.each<[Gate, Partial<typeof facts>, string]>([
    ['anyone', {}, 'admitted'],
    ['people-with-course-profile', {}, 'no_course_profile'],
    ['people-with-course-profile', { hasCourseProfile: true }, 'admitted'],
    ['people-with-course-profile', { isStaff: true }, 'admitted'],
    ['people-with-course-profile', { isOperator: true }, 'admitted'],
    ['staff', {}, 'not_staff'],
    ['staff', { hasCourseProfile: true }, 'not_staff'],
    ['staff', { isStaff: true }, 'admitted'],
    ['staff', { isOperator: true }, 'admitted'],
  ])('%s with %j: %s', (gate, given, expected) => {
    const decision = decideGate(gate, { ...facts, ...given });
    expect(decision.outcome === 'refused' ? decision.reason : decision.outcome).toBe(expected);
  });
});

const { rules } = testConfig();
const enrolment = (shortname: string, more: Partial<Enrolment> = {}): Enrolment => ({
  personId: personId(1),
  course: {
    id: courseId(7),
    moodleId: '7',
    shortname,
    fullname: shortname,
    idnumber: '',
    categoryId: '1',
    visible: true,
    startsAt: null,
    endsAt: null,
  },
  role: 'student',
  active: true,
  groups: [],
  ...more,
});

describe('what the roster says', () => {
  it.each<[string, Enrolment[], boolean, boolean]>([
    ['no enrolment', [], false, false],
    ['a course that a rule matches', [enrolment('DS101')], true, false],
    ['a course without a rule', [enrolment('HID303')], false, false],
    ['an enrolment that is not active', [enrolment('DS101', { active: false })], false, false],
    ['no mapped role', [enrolment('DS101', { role: null })], false, false],
    ['a teacher without a profile', [enrolment('HID303', { role: 'instructor' })], false, true],
    ['an assistant', [enrolment('DS101', { role: 'assistant' })], true, true],
    ['a former teacher', [enrolment('DS101', { role: 'instructor', active: false })], false, false],
  ])('%s', (_name, enrolments, hasCourseProfile, isStaff) => {
    expect(gateFacts(enrolments, rules, false)).toEqual({ hasCourseProfile, isStaff, isOperator: false });
  });
});
