// Roles by the map: the strongest wins, what is not named gives nothing.
import { expect, it } from 'vitest';
import { resolveCourseRole } from '../../../src/domain/courses/course-role.ts';

const map = { student: 'student', ta: 'assistant', editingteacher: 'instructor' } as const;

it.each([
  [['student'], 'student', []],
  [['student', 'ta'], 'assistant', []],
  [['editingteacher', 'student'], 'instructor', []],
  [['student', 'guest'], 'student', ['guest']],
  [['manager'], null, ['manager']],
  [['constructor', '__proto__'], null, ['constructor', '__proto__']],
  [[], null, []],
])('%j -> %j', (shortnames, role, unmapped) => {
  expect(resolveCourseRole(shortnames, map)).toEqual({ role, unmapped });
});
