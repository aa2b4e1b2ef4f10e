// Decides what has to change so that the stored roster of a course becomes the one that Moodle told. Applied and planned again, nothing is left.
import { type CourseRole, type RoleMap, resolveCourseRole } from '../courses/course-role.ts';
import type { MoodleGroupId, MoodleUserId } from '../ids.ts';
import type { ObservedRoster, RosterGroup } from './observed.ts';

export interface StoredMember {
  readonly moodleId: MoodleUserId;
  readonly role: CourseRole | null;
  readonly roleShortnames: readonly string[];
  readonly active: boolean;
  readonly groupIds: readonly MoodleGroupId[];
}

export interface StoredRoster {
  readonly groups: readonly RosterGroup[];
  readonly members: readonly StoredMember[];
}

/** What an enrolment is to be. */
export type PlannedMember = StoredMember;

/** One stored enrolment that differs; `groups` tells whether its groups do. */
export interface MemberChange {
  readonly before: StoredMember;
  readonly after: PlannedMember;
  readonly kinds: readonly ('activated' | 'deactivated' | 'role_changed' | 'groups_changed')[];
}

export interface RosterPlan {
  readonly groups: {
    readonly add: readonly RosterGroup[];
    readonly rename: readonly RosterGroup[];
    readonly remove: readonly MoodleGroupId[];
  };
  readonly enrolments: {
    readonly add: readonly PlannedMember[];
    readonly change: readonly MemberChange[];
    readonly remove: readonly MoodleUserId[];
  };
  /** Shortnames of roles that the map does not name; for the operator. */
  readonly unmappedRoles: readonly string[];
  /** Enrolments before, and how many of them were active. */
  readonly before: { readonly people: number; readonly active: number };
}

/** An enrolment that Moodle no longer lists is removed; one that it lists as not active stays and becomes inactive. */
export function planRoster(stored: StoredRoster, observed: ObservedRoster, roles: RoleMap): RosterPlan {
  const unmapped = new Set<string>();
  const wanted = new Map(
    observed.members.map((member) => {
      const resolved = resolveCourseRole(member.roleShortnames, roles);
      for (const shortname of resolved.unmapped) unmapped.add(shortname);
      const roleShortnames = sorted(member.roleShortnames);
      return [member.moodleId, { ...member, role: resolved.role, roleShortnames, groupIds: sorted(member.groupIds) }];
    }),
  );
  const known = new Map(stored.members.map((member) => [member.moodleId, member]));
  return {
    groups: planGroups(stored.groups, observed.groups),
    enrolments: {
      add: [...wanted.values()].filter((member) => !known.has(member.moodleId)),
      change: [...wanted.values()].flatMap((after) => compareMember(known.get(after.moodleId), after)),
      remove: [...known.keys()].filter((id) => !wanted.has(id)),
    },
    unmappedRoles: sorted([...unmapped]),
    before: { people: known.size, active: stored.members.filter((member) => member.active).length },
  };
}

/** True when applying the plan would write nothing. */
export function isEmptyPlan(plan: RosterPlan): boolean {
  const { groups, enrolments } = plan;
  const lists = [groups.add, groups.rename, groups.remove, enrolments.add, enrolments.change, enrolments.remove];
  return lists.every((list) => list.length === 0);
}

function planGroups(stored: readonly RosterGroup[], observed: readonly RosterGroup[]): RosterPlan['groups'] {
  const names = new Map(stored.map((group) => [group.moodleId, group.name]));
  const wanted = new Map(observed.map((group) => [group.moodleId, group]));
  return {
    add: [...wanted.values()].filter((group) => !names.has(group.moodleId)),
    rename: [...wanted.values()].filter(
      (group) => names.has(group.moodleId) && names.get(group.moodleId) !== group.name,
    ),
    remove: [...names.keys()].filter((id) => !wanted.has(id)),
  };
}

function compareMember(before: StoredMember | undefined, after: PlannedMember): MemberChange[] {
  if (!before) return [];
  const kinds: MemberChange['kinds'][number][] = [];
  if (before.active !== after.active) kinds.push(after.active ? 'activated' : 'deactivated');
  if (before.role !== after.role || !sameSet(before.roleShortnames, after.roleShortnames)) kinds.push('role_changed');
  if (!sameSet(before.groupIds, after.groupIds)) kinds.push('groups_changed');
  return kinds.length === 0 ? [] : [{ before, after, kinds }];
}

const sorted = <T extends string>(values: readonly T[]): T[] => [...new Set(values)].sort();

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  const left = sorted(one);
  const right = sorted(other);
  return left.length === right.length && left.every((value, index) => value === right[index]);
}
