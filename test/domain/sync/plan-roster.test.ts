// What changes between a stored and an observed roster, and that a plan that was applied leaves nothing to do.
import { describe, expect, it } from 'vitest';
import type { RoleMap } from '../../../src/domain/courses/course-role.ts';
import { moodleGroupId, moodleUserId } from '../../../src/domain/ids.ts';
import type { ObservedMember, ObservedRoster } from '../../../src/domain/sync/observed.ts';
import { isEmptyPlan, planRoster, type RosterPlan, type StoredRoster } from '../../../src/domain/sync/plan-roster.ts';

const roles: RoleMap = { student: 'student', ta: 'assistant', editingteacher: 'instructor' };
const nobody: StoredRoster = { groups: [], members: [] };

const member = (id: number, more: Partial<ObservedMember> = {}): ObservedMember => ({
  moodleId: moodleUserId(id),
  roleShortnames: ['student'],
  active: true,
  groupIds: [],
  ...more,
});
const group = (id: number, name: string) => ({ moodleId: moodleGroupId(id), name });

/** What the database holds after the plan. */
function apply(stored: StoredRoster, plan: RosterPlan): StoredRoster {
  const { groups, enrolments } = plan;
  const rewritten = new Set([...groups.rename.map((one) => one.moodleId), ...groups.remove]);
  const changed = new Map(enrolments.change.map((change) => [change.after.moodleId, change.after]));
  return {
    groups: [...stored.groups.filter((one) => !rewritten.has(one.moodleId)), ...groups.rename, ...groups.add],
    members: [
      ...stored.members
        .filter((one) => !enrolments.remove.includes(one.moodleId))
        .map((one) => changed.get(one.moodleId) ?? one),
      ...enrolments.add,
    ],
  };
}

const first: ObservedRoster = {
  groups: [group(1, 'A'), group(2, 'B')],
  members: [
    member(3, { groupIds: [moodleGroupId(2), moodleGroupId(1)] }),
    member(4, { active: false }),
    member(57, { roleShortnames: ['student', 'ta'] }),
    member(58, { roleShortnames: ['manager'] }),
  ],
};
const stored = apply(nobody, planRoster(nobody, first, roles));

describe('planRoster', () => {
  it('adds everybody at first; the strongest role wins, an unmapped one gives none and is named', () => {
    const plan = planRoster(nobody, first, roles);
    expect(plan.enrolments.add.map((one) => [one.moodleId, one.role, one.active])).toEqual([
      ['3', 'student', true],
      ['4', 'student', false],
      ['57', 'assistant', true],
      ['58', null, true],
    ]);
    expect(plan.unmappedRoles).toEqual(['manager']);
    expect(plan.before).toEqual({ people: 0, active: 0 });
  });

  it('has nothing to do after it was applied, in whatever order Moodle answers', () => {
    const shuffled = { groups: [...first.groups].reverse(), members: [...first.members].reverse() };
    expect(isEmptyPlan(planRoster(stored, shuffled, roles))).toBe(true);
  });

  it.each<
    [string, readonly ObservedMember[], RosterPlan['enrolments']['change'][number]['kinds'] | 'removed' | 'added']
  >([
    ['ends', [member(3, { active: false, groupIds: first.members[0]?.groupIds ?? [] })], ['deactivated']],
    ['begins', [member(4)], ['activated']],
    ['changes role', [member(57, { roleShortnames: ['student'] })], ['role_changed']],
    ['leaves a group', [member(3, { groupIds: [moodleGroupId(1)] })], ['groups_changed']],
    ['is new', [member(99)], 'added'],
  ])('sees that somebody %s', (_what, changed, kinds) => {
    const ids = new Set(changed.map((one) => one.moodleId));
    const observed = { ...first, members: [...first.members.filter((one) => !ids.has(one.moodleId)), ...changed] };
    const { enrolments } = planRoster(stored, observed, roles);
    expect(enrolments.remove).toEqual([]);
    expect(enrolments.add.length).toBe(kinds === 'added' ? 1 : 0);
    expect(enrolments.change.map((change) => change.kinds)).toEqual(kinds === 'added' ? [] : [kinds]);
  });

  it('removes who is not listed, and groups that are gone; renames by id', () => {
    const plan = planRoster(
      stored,
      { groups: [group(1, 'A2')], members: [member(3, { groupIds: [moodleGroupId(1)] })] },
      roles,
    );
    expect(plan.enrolments.remove).toEqual(['4', '57', '58']);
    expect(plan.groups).toEqual({ add: [], rename: [group(1, 'A2')], remove: ['2'] });
    expect(plan.before).toEqual({ people: 4, active: 3 });
  });

  it('sees a role that the map names from now on', () => {
    const plan = planRoster(stored, first, { ...roles, manager: 'instructor' });
    expect(plan.enrolments.change.map((change) => [change.after.moodleId, change.after.role])).toEqual([
      ['58', 'instructor'],
    ]);
    expect(plan.unmappedRoles).toEqual([]);
  });

  it('leaves nothing to do after any change: 200 random rosters in a row', () => {
    let state = nobody;
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let round = 0; round < 200; round += 1) {
      const groups = [1, 2, 3, 4].filter(() => random(2) === 0).map((id) => group(id, `G${random(3)}`));
      const members = Array.from({ length: 12 }, (_, index) => index + 1)
        .filter(() => random(3) > 0)
        .map((id) =>
          member(id, {
            active: random(2) === 0,
            roleShortnames: ['student', 'ta', 'x'].filter(() => random(2) === 0),
            groupIds: groups.filter(() => random(2) === 0).map((one) => one.moodleId),
          }),
        );
      const observed = { groups, members };
      state = apply(state, planRoster(state, observed, roles));
      expect(isEmptyPlan(planRoster(state, observed, roles))).toBe(true);
    }
  });
});
