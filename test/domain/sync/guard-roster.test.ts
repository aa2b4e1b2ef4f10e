// The limits of the guard, at their edges.
import { describe, expect, it } from 'vitest';
import { guardCourseList, guardRoster } from '../../../src/domain/sync/guard-roster.ts';

const limits = { maxShare: 0.3, maxNumber: 10 };

describe('guardRoster', () => {
  it.each([
    // before, active before, listed, vanished, inactive, Moodle's count -> decision
    [0, 0, 0, 0, 0, null, 'apply'],
    [0, 0, 0, 0, 0, 5, 'shorter_than_count'],
    [1, 1, 0, 1, 0, null, 'empty_roster'],
    [1, 1, 0, 1, 0, 1, 'shorter_than_count'],
    [20, 20, 10, 10, 0, null, 'apply'],
    [20, 20, 9, 11, 0, null, 'too_many_vanished'],
    [100, 100, 70, 30, 0, null, 'apply'],
    [100, 100, 69, 31, 0, null, 'too_many_vanished'],
    [100, 100, 100, 0, 30, null, 'apply'],
    [100, 100, 100, 0, 31, null, 'too_many_inactive'],
    // The share counts those who were active.
    [100, 40, 100, 0, 13, null, 'too_many_inactive'],
    [100, 40, 100, 0, 12, null, 'apply'],
    [41, 41, 2, 39, 0, null, 'too_many_vanished'],
    [41, 41, 41, 0, 0, 41, 'apply'],
    [41, 41, 42, 0, 0, 41, 'apply'],
    [41, 41, 40, 1, 0, 41, 'shorter_than_count'],
  ])('%i people, %i active, %i listed, %i vanished, %i inactive, count %s: %s', (...row) => {
    const [peopleBefore, activeBefore, listed, vanished, inactive, moodleCount, expected] = row;
    const counts = { peopleBefore, activeBefore, listed, vanished, inactive, moodleCount };
    const decision = guardRoster(counts, limits);
    expect(decision.kind === 'hold' ? decision.reason : 'apply').toBe(expected);
  });

  it('holds any loss when both limits are zero, and none when the share is one', () => {
    const counts = { peopleBefore: 50, activeBefore: 50, listed: 49, vanished: 1, inactive: 0, moodleCount: null };
    expect(guardRoster(counts, { maxShare: 0, maxNumber: 0 }).kind).toBe('hold');
    expect(guardRoster({ ...counts, listed: 1, vanished: 49 }, { maxShare: 1, maxNumber: 0 }).kind).toBe('apply');
  });
});

describe('guardCourseList', () => {
  it.each([
    [0, 0, 0, true, 'apply'],
    [5, 0, 5, true, 'empty_list'],
    [5, 4, 1, true, 'apply'],
    [5, 4, 1, false, 'incomplete_list'],
    [5, 5, 0, false, 'apply'],
    [40, 29, 11, true, 'apply'],
    [36, 25, 11, true, 'too_many_vanished'],
  ])('%i before, %i listed, %i vanished, complete %s: %s', (before, listed, vanished, complete, expected) => {
    const decision = guardCourseList({ before, listed, vanished, complete }, limits);
    expect(decision.kind === 'hold' ? decision.reason : 'apply').toBe(expected);
  });
});
