// Refreshes what one person has, at their sign-in: their account, and the rosters of their courses where those are old or do not show them.
import { findAccount, type StoredAccount } from '../../src/database/accounts.ts';
import { listCoursesOfPerson, type StoredCourse, storeCourses } from '../../src/database/courses.ts';
import { databaseNow } from '../../src/database/database.ts';
import { recordPersonRun } from '../../src/database/sync-runs.ts';
import type { CourseId, PersonId } from '../../src/domain/ids.ts';
import { selectCoursesToRead } from '../../src/domain/sync/select-courses.ts';
import { MoodleError } from '../../src/moodle/moodle-error.ts';
import { createAccountReader } from './account-reader.ts';
import { inParallel } from './in-parallel.ts';
import type { SyncContext } from './sync-context.ts';
import { type CourseResult, syncCourse } from './sync-course.ts';
import { isWanted } from './sync-course-list.ts';
import { accountChanges, countChanges } from './sync-metrics.ts';

/** fresh: Moodle was asked and all is stored; recent: asked, and no roster needed reading; stale: what is stored may be old. */
export type PersonOutcome = 'fresh' | 'recent' | 'stale';

export interface PersonAnswer {
  readonly outcome: PersonOutcome;
  readonly suspended: boolean;
  readonly deleted: boolean;
}

export interface PersonSync {
  /** Answers within `sync.signInTimeout`; work that takes longer goes on behind it. null: no such person. */
  readonly refresh: (person: PersonId) => Promise<PersonAnswer | null>;
  /** Resolves when nothing goes on any more. */
  readonly settle: () => Promise<void>;
}

export function createPersonSync(context: SyncContext): PersonSync {
  const refreshing = new Map<PersonId, Promise<PersonOutcome>>();
  const courses = createSharedCourses(context);
  const begin = (account: StoredAccount): Promise<PersonOutcome> => {
    const running = refreshing.get(account.id);
    if (running) return running;
    const work = refreshPerson(context, account, courses).finally(() => refreshing.delete(account.id));
    // Nobody may be waiting any more when it fails.
    work.catch((error) => context.logger.error({ err: error, person_id: account.id }, 'person refresh failed'));
    refreshing.set(account.id, work);
    return work;
  };
  return {
    async refresh(person) {
      const platformId = await context.platformId();
      const account = await findAccount(context.db, platformId, person);
      if (!account) return null;
      const startedAt = performance.now();
      const outcome = await withDeadline(begin(account), context.config.sync.signInTimeoutSeconds);
      context.metrics.persons.inc({ outcome });
      const after = (await findAccount(context.db, platformId, person)) ?? account;
      const duration = Math.round(performance.now() - startedAt);
      context.logger.info({ person_id: person, outcome, duration_ms: duration }, 'person refreshed');
      return { outcome, suspended: after.suspended, deleted: after.deleted };
    },
    async settle() {
      await Promise.allSettled(refreshing.values());
    },
  };
}

async function withDeadline(work: Promise<PersonOutcome>, seconds: number): Promise<PersonOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<PersonOutcome>((resolve) => {
    timer = setTimeout(() => resolve('stale'), seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** @throws only what is not Moodle's fault. */
async function refreshPerson(
  context: SyncContext,
  account: StoredAccount,
  shared: SharedCourses,
): Promise<PersonOutcome> {
  const startedAt = await databaseNow(context.db);
  try {
    const { outcome, read } = await readPerson(context, account, shared);
    context.metrics.moodleReachable.set(1);
    if (read.length > 0)
      await recordPersonRun(context.db, startedAt, outcome === 'fresh' ? 'done' : 'partial', {
        person_id: account.id,
        courses: read,
      });
    return outcome;
  } catch (error) {
    if (!(error instanceof MoodleError)) throw error;
    context.logger.warn(
      { person_id: account.id, fault: error.message, kind: error.kind, errorcode: error.errorcode },
      'person not refreshed: the last known roster counts',
    );
    await recordPersonRun(context.db, startedAt, 'failed', { person_id: account.id, error: error.message });
    return 'stale';
  }
}

async function readPerson(
  context: SyncContext,
  account: StoredAccount,
  shared: SharedCourses,
): Promise<{ readonly outcome: PersonOutcome; readonly read: readonly CourseId[] }> {
  const accounts = createAccountReader(context, false, (changes) =>
    countChanges(context.metrics, accountChanges(changes)),
  );
  await accounts.require([account.moodleId]);
  const listed = await storePersonalCourses(context, account);
  const read = new Set<CourseId>();
  let isWhole = true;
  // A second round only where a read was joined that had begun before this person was looked up and did not show them.
  for (let round = 0; round < 2; round += 1) {
    const courses = await loadPersonalCourses(context, account, listed);
    const now = await databaseNow(context.db);
    const toRead = selectCoursesToRead(courses, now, context.config.sync.freshForSeconds);
    if (round === 0 && toRead.length === 0) return { outcome: courses.length === 0 ? 'fresh' : 'recent', read: [] };
    let joined = false;
    isWhole = true;
    await inParallel(toRead, context.config.sync.concurrency, async (course) => {
      read.add(course.id);
      const reading = shared.read(course);
      joined ||= reading.joined;
      isWhole = (await reading.done) && isWhole;
    });
    if (!joined) break;
  }
  return { outcome: isWhole ? 'fresh' : 'stale', read: [...read] };
}

/** Courses that are new here are stored, so that the person need not wait for the next run. @returns Moodle ids. */
async function storePersonalCourses(context: SyncContext, account: StoredAccount): Promise<ReadonlySet<string>> {
  const platformId = await context.platformId();
  const observedAt = await databaseNow(context.db);
  const personal = await context.moodle.listCoursesOf(account.moodleId);
  const ids = personal.map((entry) => entry.course.moodleId as string);
  const stored = await listCoursesOfPerson(context.db, platformId, account.id, ids);
  const known = new Set(stored.map((course) => course.moodleId));
  const unknown = personal.map((entry) => entry.course).filter((course) => !known.has(course.moodleId));
  const { added, returned } = await storeCourses(context.db, platformId, unknown, observedAt);
  countChanges(context.metrics, { course_added: added, course_returned: returned });
  return new Set(ids);
}

async function loadPersonalCourses(context: SyncContext, account: StoredAccount, listed: ReadonlySet<string>) {
  const stored = await listCoursesOfPerson(context.db, await context.platformId(), account.id, [...listed]);
  return stored
    .filter((course) => isWanted(context, course))
    .map((course) => ({ ...course, listed: listed.has(course.moodleId) }));
}

interface SharedCourses {
  /** `done` gives whether the roster is now as Moodle says. */
  readonly read: (course: StoredCourse) => { readonly joined: boolean; readonly done: Promise<boolean> };
}

/** A class that signs in together reads its course once, not once a person. */
function createSharedCourses(context: SyncContext): SharedCourses {
  const reading = new Map<CourseId, Promise<boolean>>();
  return {
    read(course) {
      const running = reading.get(course.id);
      if (running) return { joined: true, done: running };
      const done = readCourse(context, course).finally(() => reading.delete(course.id));
      reading.set(course.id, done);
      return { joined: false, done };
    },
  };
}

async function readCourse(context: SyncContext, course: StoredCourse): Promise<boolean> {
  const accounts = createAccountReader(context, true, (changes) =>
    countChanges(context.metrics, accountChanges(changes)),
  );
  try {
    const result: CourseResult = await syncCourse(context, course, accounts);
    return result.kind !== 'held';
  } catch (error) {
    if (!(error instanceof MoodleError)) throw error;
    context.logger.warn(
      { course_id: course.id, moodle_course_id: course.moodleId, fault: error.message, errorcode: error.errorcode },
      'roster not read: the old one stays',
    );
    return false;
  }
}
