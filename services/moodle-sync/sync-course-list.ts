// Brings the stored list of courses to Moodle's, and takes courses as gone only when the list is trusted.
import { listCourses, markCourseVanished, type StoredCourse, storeCourses } from '../../src/database/courses.ts';
import { databaseNow } from '../../src/database/database.ts';
import type { MoodleUserId } from '../../src/domain/ids.ts';
import { matchCourseProfiles } from '../../src/domain/profiles/match-course-profiles.ts';
import { type CourseListDecision, guardCourseList } from '../../src/domain/sync/guard-roster.ts';
import { fillIdnumbers, readCourseList } from '../../src/moodle/course-list.ts';
import type { ListedCourse } from '../../src/moodle/web-service-schemas.ts';
import type { SyncContext } from './sync-context.ts';
import type { CourseToSync } from './sync-course.ts';
import { type ChangeCounts, countChanges } from './sync-metrics.ts';

export interface CourseListResult {
  readonly listed: number;
  /** Courses that some rule can match, the longest unread first. */
  readonly toRead: readonly CourseToSync[];
  /** Why courses that are missing from the list were kept; null: they were not, or there were none. */
  readonly held: Extract<CourseListDecision, { kind: 'hold' }>['reason'] | null;
  /** Which capability hides courses; null: the list is complete. */
  readonly gap: string | null;
  readonly changes: ChangeCounts;
}

/** @throws MoodleError; then nothing has changed. */
export async function syncCourseList(context: SyncContext): Promise<CourseListResult> {
  const { db, config, moodle, logger } = context;
  const platformId = await context.platformId();
  const observedAt = await databaseNow(db);
  const list = await readCourseList(moodle);
  const before = await listCourses(db, platformId);
  const courses = await withIdnumbers(context, list.courses, before);
  const stored = await storeCourses(db, platformId, courses, observedAt);
  const listedIds = new Set<string>(courses.map((course) => course.moodleId));
  const present = before.filter((course) => course.vanishedAt === null);
  const gone = present.filter((course) => !listedIds.has(course.moodleId));
  const counts = {
    before: present.length,
    listed: courses.length,
    vanished: gone.length,
    complete: list.gap === null,
  };
  const decision = guardCourseList(counts, config.sync.guard);
  if (list.gap) logger.warn({ fault: list.gap }, 'the list of courses is not complete');
  if (decision.kind === 'hold')
    logger.warn({ reason: decision.reason, ...counts }, 'courses kept although Moodle does not list them');
  const vanished = decision.kind === 'apply' ? await markVanished(context, gone, observedAt) : 0;
  const changes = { course_added: stored.added, course_returned: stored.returned, course_vanished: vanished };
  countChanges(context.metrics, changes);
  const contacts = new Map<string, readonly MoodleUserId[]>(
    courses.map((course) => [course.moodleId, course.contactIds]),
  );
  const readable = (await listCourses(db, platformId)).filter(
    (course) => listedIds.has(course.moodleId) && isWanted(context, course),
  );
  return {
    listed: courses.length,
    toRead: readable.map((course) => ({
      id: course.id,
      moodleId: course.moodleId,
      contactIds: contacts.get(course.moodleId) ?? [],
    })),
    held: decision.kind === 'hold' ? decision.reason : null,
    gap: list.gap,
    changes,
  };
}

/** A course that no rule can match gives nothing: its roster is not read. */
export const isWanted = (context: SyncContext, course: StoredCourse): boolean =>
  matchCourseProfiles(context.config.rules, course).length > 0;

async function withIdnumbers(
  context: SyncContext,
  courses: readonly ListedCourse[],
  stored: readonly StoredCourse[],
): Promise<readonly ListedCourse[]> {
  const wanted = context.config.rules.flatMap((rule) => rule.match.idnumber ?? []);
  const filled = await fillIdnumbers(
    context.moodle,
    courses,
    wanted.filter((idnumber) => !idnumber.includes('*')),
    new Map(stored.map((course) => [course.moodleId, course.idnumber])),
  );
  const hidden = courses.some((course) => course.idnumber === null);
  if (hidden && wanted.some((idnumber) => idnumber.includes('*')))
    context.logger.warn(
      'rules with a pattern for the ID number cannot match: the service account needs moodle/course:update to read ID numbers, or name them in full',
    );
  return filled;
}

async function markVanished(context: SyncContext, gone: readonly StoredCourse[], observedAt: Date): Promise<number> {
  let vanished = 0;
  for (const course of gone) {
    if (!(await markCourseVanished(context.db, course.id, observedAt))) continue;
    vanished += 1;
    context.logger.info({ course_id: course.id, moodle_course_id: course.moodleId }, 'course vanished from Moodle');
  }
  return vanished;
}
