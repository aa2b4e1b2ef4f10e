// Which rosters a sign-in reads again.
import { expect, it } from 'vitest';
import { selectCoursesToRead } from '../../../src/domain/sync/select-courses.ts';

const now = new Date('2026-11-25T12:00:00Z');
const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1000);

it.each([
  // listed, stored as active, visible, roster age in seconds (null: never read) -> read
  [true, true, true, 60, false],
  [true, true, true, 61, true],
  [true, true, true, null, true],
  // Read before the clock was set back.
  [true, true, true, -1, true],
  [true, false, true, 1, true],
  [true, false, true, null, true],
  [false, true, true, 1, true],
  // A hidden course is not in a student's own list: only its age counts.
  [false, true, false, 1, false],
  [false, true, false, 61, true],
])('listed %s, active %s, visible %s, %s s old: %s', (listed, storedActive, visible, age, expected) => {
  const course = { listed, storedActive, visible, rosterObservedAt: age === null ? null : ago(age) };
  expect(selectCoursesToRead([course], now, 60).length).toBe(expected ? 1 : 0);
});
