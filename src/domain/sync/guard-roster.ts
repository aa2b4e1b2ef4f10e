// Decides whether a plan may be applied: Moodle answers short lists without an error when a capability is missing (moodle.md 2.9).
import type { RosterPlan } from './plan-roster.ts';

/** Both must be exceeded before a change is held: a small course may lose half its people, a large one ten. */
export interface GuardLimits {
  /** 0 to 1, of those who were there before. */
  readonly maxShare: number;
  readonly maxNumber: number;
}

export const HOLD_REASONS = ['empty_roster', 'shorter_than_count', 'too_many_vanished', 'too_many_inactive'] as const;
export type HoldReason = (typeof HOLD_REASONS)[number];

export interface RosterCounts {
  readonly peopleBefore: number;
  readonly activeBefore: number;
  /** Length of the list that Moodle gave now. */
  readonly listed: number;
  /** Stored before and not listed now. */
  readonly vanished: number;
  /** Active before, listed now, but not as active. */
  readonly inactive: number;
  /** Moodle's own count (`enrolledusercount`); null when nobody could be asked for it. */
  readonly moodleCount: number | null;
}

export type GuardDecision =
  | { readonly kind: 'apply' }
  | { readonly kind: 'hold'; readonly reason: HoldReason; readonly counts: RosterCounts };

/** The first reason that holds, the most telling first. A course that was empty before has nothing to lose, but for a list shorter than Moodle's count. */
export function guardRoster(counts: RosterCounts, limits: GuardLimits): GuardDecision {
  const hold = (reason: HoldReason): GuardDecision => ({ kind: 'hold', reason, counts });
  if (counts.moodleCount !== null && counts.listed < counts.moodleCount) return hold('shorter_than_count');
  if (counts.listed === 0 && counts.peopleBefore > 0) return hold('empty_roster');
  if (exceeds(counts.vanished, counts.peopleBefore, limits)) return hold('too_many_vanished');
  if (exceeds(counts.inactive, counts.activeBefore, limits)) return hold('too_many_inactive');
  return { kind: 'apply' };
}

/** Counts of a plan, for guardRoster. */
export function countPlan(plan: RosterPlan, listed: number, moodleCount: number | null): RosterCounts {
  return {
    peopleBefore: plan.before.people,
    activeBefore: plan.before.active,
    listed,
    vanished: plan.enrolments.remove.length,
    inactive: plan.enrolments.change.filter((change) => change.kinds.includes('deactivated')).length,
    moodleCount,
  };
}

export interface CourseListCounts {
  /** Courses that were in the list before. */
  readonly before: number;
  readonly listed: number;
  readonly vanished: number;
  /** False: Moodle has courses that the service account cannot see. */
  readonly complete: boolean;
}

export type CourseListDecision =
  | { readonly kind: 'apply' }
  | {
      readonly kind: 'hold';
      readonly reason: 'empty_list' | 'incomplete_list' | 'too_many_vanished';
      readonly counts: CourseListCounts;
    };

/** May courses that are no longer listed be taken as gone? A hold stops these removals only; listed courses are read all the same. */
export function guardCourseList(counts: CourseListCounts, limits: GuardLimits): CourseListDecision {
  if (counts.vanished === 0) return { kind: 'apply' };
  if (counts.listed === 0) return { kind: 'hold', reason: 'empty_list', counts };
  if (!counts.complete) return { kind: 'hold', reason: 'incomplete_list', counts };
  if (exceeds(counts.vanished, counts.before, limits)) return { kind: 'hold', reason: 'too_many_vanished', counts };
  return { kind: 'apply' };
}

const exceeds = (number: number, before: number, limits: GuardLimits): boolean =>
  number > limits.maxNumber && before > 0 && number / before > limits.maxShare;
