// What clients learn about a person.
import { describe, expect, it } from 'vitest';
import type { Enrolment } from '../../../src/domain/courses/course.ts';
import { courseId, hubUsername, personId } from '../../../src/domain/ids.ts';
import { personClaims } from '../../../src/domain/people/person-claims.ts';

const enrolment = (id: number, role: Enrolment['role'], active = true): Enrolment => ({
  personId: personId(5),
  course: {
    id: courseId(id),
    moodleId: '900',
    shortname: 'DS101',
    fullname: '',
    idnumber: '',
    categoryId: '1',
    visible: true,
    startsAt: null,
    endsAt: null,
  },
  role,
  active,
  groups: [],
});

const claims = (enrolments: readonly Enrolment[], isOperator = false) =>
  personClaims({
    id: personId(5),
    hubUsername: hubUsername('anna'),
    fullName: 'Anna A.',
    email: 'a@uni.test',
    isOperator,
    enrolments,
  });

describe('claims', () => {
  it('name groups by our course id and mark staff', () => {
    expect(claims([enrolment(7, 'student'), enrolment(8, 'assistant')])).toEqual({
      sub: '5',
      preferred_username: 'anna',
      coursehub_admin: false,
      name: 'Anna A.',
      email: 'a@uni.test',
      email_verified: false,
      groups: ['course-7', 'course-8', 'course-8-staff'],
      role: 'staff',
    });
  });

  it.each<[string, readonly Enrolment[], boolean, string]>([
    ['nothing', [], false, 'none'],
    ['an unmapped role', [enrolment(7, null)], false, 'none'],
    ['a former course', [enrolment(7, 'instructor', false)], false, 'none'],
    ['a student', [enrolment(7, 'student')], false, 'student'],
    ['a teacher who studies', [enrolment(7, 'student'), enrolment(8, 'instructor')], false, 'staff'],
    ['an operator who teaches', [enrolment(8, 'instructor')], true, 'operator'],
  ])('%s', (_name, enrolments, isOperator, role) => {
    const made = claims(enrolments, isOperator);
    expect([made['role'], made['coursehub_admin']]).toEqual([role, isOperator]);
  });
});
