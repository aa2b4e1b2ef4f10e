// Brings one course's stored roster to what Moodle says: read, plan, guard, apply in one transaction.
import { listWitnesses } from '../../src/database/courses.ts';
import { databaseNow, inTransaction } from '../../src/database/database.ts';
import { applyRosterPlan, loadRoster, lockCourse, markRosterHeld } from '../../src/database/roster.ts';
import { storeUnmappedRoles } from '../../src/database/sync-runs.ts';
import { type CourseId, type MoodleUserId, moodleCourseId } from '../../src/domain/ids.ts';
import { countPlan, guardRoster, type HoldReason, type RosterCounts } from '../../src/domain/sync/guard-roster.ts';
import { planRoster } from '../../src/domain/sync/plan-roster.ts';
import { type CountedRoster, readRoster } from '../../src/moodle/read-roster.ts';
import type { AccountReader } from './account-reader.ts';
import type { SyncContext } from './sync-context.ts';
import { type ChangeCounts, countChanges, rosterChanges } from './sync-metrics.ts';

export interface CourseToSync {
  readonly id: CourseId;
  readonly moodleId: string;
  /** Teachers, as the course list names them: they tell the course's size when its roster shows nobody. */
  readonly contactIds?: readonly MoodleUserId[];
}

export type CourseResult =
  | { readonly kind: 'applied'; readonly people: number; readonly changes: ChangeCounts }
  | { readonly kind: 'held'; readonly reason: HoldReason; readonly counts: RosterCounts }
  /** Something newer is stored, or the course has vanished meanwhile. */
  | { readonly kind: 'older' };

/** @throws MoodleError when the roster cannot be read; then the stored one stays. */
export async function syncCourse(
  context: SyncContext,
  course: CourseToSync,
  accounts: AccountReader,
): Promise<CourseResult> {
  const observedAt = await databaseNow(context.db);
  const witnesses = [...(course.contactIds ?? []).slice(0, 2), ...(await listWitnesses(context.db, course.id))];
  const roster = await readRoster(context.moodle, moodleCourseId(course.moodleId), witnesses);
  const unknown = await accounts.require(roster.members.map((member) => member.moodleId));
  const result = await applyRoster(context, course.id, roster, unknown, observedAt);
  report(context, course, result, unknown.size);
  return result;
}

async function applyRoster(
  context: SyncContext,
  id: CourseId,
  roster: CountedRoster,
  unknown: ReadonlySet<MoodleUserId>,
  observedAt: Date,
): Promise<CourseResult> {
  const { db, config } = context;
  const known = { ...roster, members: roster.members.filter((member) => !unknown.has(member.moodleId)) };
  return inTransaction(db, async (trx): Promise<CourseResult> => {
    const course = await lockCourse(trx, id, observedAt);
    if (!course?.replaceable) return { kind: 'older' };
    const plan = planRoster(await loadRoster(trx, id), known, config.roles);
    const decision = guardRoster(countPlan(plan, roster.members.length, roster.moodleCount), config.sync.guard);
    await storeUnmappedRoles(trx, course.platformId, plan.unmappedRoles, observedAt);
    if (decision.kind === 'hold') {
      await markRosterHeld(trx, id, decision.reason);
      return { kind: 'held', reason: decision.reason, counts: decision.counts };
    }
    await applyRosterPlan(trx, { id, platformId: course.platformId }, plan, observedAt);
    return { kind: 'applied', people: known.members.length, changes: rosterChanges(plan) };
  });
}

function report(context: SyncContext, course: CourseToSync, result: CourseResult, unknownPeople: number): void {
  const { logger, metrics } = context;
  const fields = { course_id: course.id, moodle_course_id: course.moodleId };
  if (unknownPeople > 0)
    logger.warn({ ...fields, people: unknownPeople }, 'people of the roster are left out: Moodle does not show them');
  if (result.kind === 'applied') {
    countChanges(metrics, result.changes);
    if (Object.values(result.changes).some((number) => number > 0))
      logger.info({ ...fields, changes: withoutZeros(result.changes) }, 'roster changed');
  }
  if (result.kind === 'held')
    logger.warn(
      { ...fields, reason: result.reason, ...toSnakeCase(result.counts) },
      'roster held: the old one stays, because the new one looks cut short',
    );
}

const withoutZeros = (changes: ChangeCounts): ChangeCounts =>
  Object.fromEntries(Object.entries(changes).filter(([, number]) => number > 0));

const toSnakeCase = (counts: RosterCounts): Record<string, number | null> => ({
  people_before: counts.peopleBefore,
  active_before: counts.activeBefore,
  listed: counts.listed,
  vanished: counts.vanished,
  inactive: counts.inactive,
  moodle_count: counts.moodleCount,
});
