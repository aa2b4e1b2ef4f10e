// One run over the whole site: the account's functions, the list of courses, the rosters that somebody can use, the accounts that are left.
import { listPeopleToRefresh } from '../../src/database/accounts.ts';
import { databaseNow } from '../../src/database/database.ts';
import {
  countHeldCourses,
  countUnmappedRoles,
  forgetUnmappedRoles,
  type RunOutcome,
} from '../../src/database/sync-runs.ts';
import type { HoldReason } from '../../src/domain/sync/guard-roster.ts';
import { findMissingFunctions } from '../../src/moodle/check-service-account.ts';
import { concernsWholeSite, isOutage, MoodleError } from '../../src/moodle/moodle-error.ts';
import { type AccountReader, createAccountReader } from './account-reader.ts';
import { inParallel } from './in-parallel.ts';
import type { SyncContext } from './sync-context.ts';
import { type CourseToSync, syncCourse } from './sync-course.ts';
import { syncCourseList } from './sync-course-list.ts';
import { accountChanges, type ChangeCounts, type ChangeKind, countChanges } from './sync-metrics.ts';

/** Stored with the run, answered by the API and logged as one line. */
export interface SiteSummary {
  courses_listed: number;
  rosters_applied: number;
  rosters_held: { course_id: string; reason: HoldReason }[];
  /** Overtaken by something newer. */
  rosters_older: number;
  rosters_failed: { course_id: string; error: string }[];
  courses_kept: string | null;
  course_list_gap: string | null;
  enrolments: number;
  changes: ChangeCounts;
  unmapped_roles: number;
  duration_ms: number;
  /** Why the run ended early; null: it did not. */
  error: string | null;
}

export interface SiteResult {
  readonly outcome: RunOutcome;
  readonly summary: SiteSummary;
}

/**
 * A fault of one course leaves that course as it was; a fault of the whole site ends the run. Courses are whole in either case.
 * @param isStillMine asked before each course: false ends the run, another process has taken over.
 */
export async function syncSite(context: SyncContext, isStillMine: () => Promise<boolean>): Promise<SiteResult> {
  const startedAt = performance.now();
  const summary = emptySummary();
  try {
    await readSite(context, summary, isStillMine);
  } catch (error) {
    // PostgreSQL's faults are the caller's: nothing more can be written.
    if (!(error instanceof MoodleError) && !(error instanceof RunLost)) throw error;
    summary.error = error.message;
    context.metrics.moodleReachable.set(error instanceof MoodleError && isOutage(error) ? 0 : 1);
  }
  summary.duration_ms = Math.round(performance.now() - startedAt);
  const isWhole =
    summary.rosters_held.length === 0 &&
    summary.rosters_failed.length === 0 &&
    summary.courses_kept === null &&
    summary.course_list_gap === null;
  return { outcome: summary.error !== null ? 'failed' : isWhole ? 'done' : 'partial', summary };
}

class RunLost extends Error {}

async function readSite(
  context: SyncContext,
  summary: SiteSummary,
  isStillMine: () => Promise<boolean>,
): Promise<void> {
  const platformId = await context.platformId();
  const beganAt = await databaseNow(context.db);
  const missing = findMissingFunctions(await context.moodle.getSiteInfo());
  context.metrics.moodleReachable.set(1);
  if (missing.length > 0) throw new MoodleError('refused', 'core_webservice_get_site_info', missing.join(' '));
  // Listed before the rosters change: whoever leaves their last course in this run is looked at once more.
  const people = await listPeopleToRefresh(context.db, platformId);
  const list = await syncCourseList(context);
  summary.courses_listed = list.listed;
  summary.courses_kept = list.held;
  summary.course_list_gap = list.gap;
  addChanges(summary, list.changes);
  const accounts = createAccountReader(context, false, (changes) => {
    countChanges(context.metrics, accountChanges(changes));
    addChanges(summary, accountChanges(changes));
  });
  await inParallel(list.toRead, context.config.sync.concurrency, async (course) => {
    if (!(await isStillMine())) throw new RunLost('Another process leads now; the run ended between two courses.');
    await readCourse(context, course, accounts, summary);
  });
  // Who has signed in or is enrolled in a course that was not read: a suspended account must be known here.
  await accounts.require(people);
  const isWhole = summary.rosters_held.length === 0 && summary.rosters_failed.length === 0;
  summary.unmapped_roles = isWhole
    ? await forgetUnmappedRoles(context.db, platformId, beganAt)
    : await countUnmappedRoles(context.db, platformId);
  context.metrics.unmappedRoles.set(summary.unmapped_roles);
  context.metrics.coursesHeld.set(await countHeldCourses(context.db, platformId));
}

async function readCourse(
  context: SyncContext,
  course: CourseToSync,
  accounts: AccountReader,
  summary: SiteSummary,
): Promise<void> {
  try {
    const result = await syncCourse(context, course, accounts);
    if (result.kind === 'older') summary.rosters_older += 1;
    if (result.kind === 'held') summary.rosters_held.push({ course_id: course.id, reason: result.reason });
    if (result.kind !== 'applied') return;
    summary.rosters_applied += 1;
    summary.enrolments += result.people;
    addChanges(summary, result.changes);
  } catch (error) {
    if (!(error instanceof MoodleError) || concernsWholeSite(error)) throw error;
    summary.rosters_failed.push({ course_id: course.id, error: error.message });
    context.logger.warn(
      { course_id: course.id, moodle_course_id: course.moodleId, fault: error.message, errorcode: error.errorcode },
      'roster not read: the old one stays',
    );
  }
}

const emptySummary = (): SiteSummary => ({
  courses_listed: 0,
  rosters_applied: 0,
  rosters_held: [],
  rosters_older: 0,
  rosters_failed: [],
  courses_kept: null,
  course_list_gap: null,
  enrolments: 0,
  changes: {},
  unmapped_roles: 0,
  duration_ms: 0,
  error: null,
});

function addChanges(summary: SiteSummary, changes: ChangeCounts): void {
  for (const [kind, number] of Object.entries(changes) as [ChangeKind, number][])
    if (number > 0) summary.changes[kind] = (summary.changes[kind] ?? 0) + number;
}
