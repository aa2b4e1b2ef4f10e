// moodle-sync: keeps the stored roster as Moodle has it, by timer, on demand, and for one person at sign-in.
import { sql } from 'kysely';
import { createLeaderLock } from '../../src/database/leader-lock.ts';
import { ensurePlatform } from '../../src/database/people.ts';
import { findLatestSiteRun } from '../../src/database/sync-runs.ts';
import { createInternalAuth } from '../../src/http/internal-auth.ts';
import { internalCallers } from '../../src/http/internal-callers.ts';
import type { ReadinessCheck } from '../../src/http/ops-app.ts';
import { createMoodleWebService } from '../../src/moodle/web-service.ts';
import { databaseReadiness } from '../../src/runtime/database-readiness.ts';
import { type Schedule, startSchedule } from '../../src/runtime/schedule.ts';
import type { Service, ServiceEnvironment } from '../../src/runtime/service.ts';
import { createSyncRoutes } from './routes.ts';
import { createSiteRuns } from './site-runs.ts';
import { checkAtStart } from './start-check.ts';
import type { SyncContext } from './sync-context.ts';
import { createSyncMetrics } from './sync-metrics.ts';
import { createPersonSync } from './sync-person.ts';
import { type SiteResult, syncSite } from './sync-site.ts';

export function createMoodleSync(environment: ServiceEnvironment): Service {
  const { config, secrets, databaseUrl, logger } = environment;
  const ending = new AbortController();
  const context = createContext(environment, ending.signal);
  const leader = createLeaderLock(databaseUrl, 'moodle-sync');
  const runs = createSiteRuns({
    db: environment.db,
    lock: createLeaderLock(databaseUrl, 'moodle-sync run'),
    execute: (isStillMine) =>
      syncSite(context, isStillMine).catch((error) => {
        context.metrics.runs.inc({ outcome: 'failed' });
        throw error;
      }),
    onResult: (runId, result) => report(context, runId, result),
  });
  const persons = createPersonSync(context);
  let schedule: Schedule | null = null;
  return {
    name: 'moodle-sync',
    internalHandler: createSyncRoutes(createInternalAuth(internalCallers(config, secrets)), runs, persons, logger),
    readiness: createReadiness(environment),
    async start() {
      await checkAtStart(context);
      const work = async (): Promise<void> => {
        if (await leader.isLeader()) await runs.begin().finished;
      };
      schedule = startSchedule(config.sync.everySeconds, work, (error) =>
        logger.error({ err: error }, 'site run failed'),
      );
    },
    async stop() {
      // Calls to Moodle end at once; a course is written as a whole or not at all.
      ending.abort();
      await Promise.all([schedule?.stop(), runs.stop(), persons.settle()]);
      await leader.release();
    },
  };
}

function createContext(environment: ServiceEnvironment, signal: AbortSignal): SyncContext {
  const { config, secrets, db, logger, metrics, upstreamDuration } = environment;
  if (secrets.moodleToken === null) throw new Error('MOODLE_TOKEN is missing: moodle-sync cannot read the roster.');
  let platform: Promise<string> | null = null;
  return {
    config,
    db,
    logger,
    metrics: createSyncMetrics(metrics),
    moodle: createMoodleWebService({
      wwwroot: config.moodle.wwwroot,
      token: secrets.moodleToken,
      timeoutSeconds: config.moodle.requestTimeoutSeconds,
      // A run and some sign-ins next to it.
      maxSockets: config.sync.concurrency * 4,
      duration: upstreamDuration,
      signal,
    }),
    platformId: () => {
      platform ??= ensurePlatform(db, config.moodle.wwwroot).catch((error) => {
        platform = null;
        throw error;
      });
      return platform;
    },
  };
}

/**
 * Ready = PostgreSQL answers, and some replica has ended a run within three periods. A run that found Moodle away counts:
 * people who are signed in go on with the roster that is stored (design 7), and no restart would bring Moodle back.
 */
function createReadiness({ db, config }: ServiceEnvironment): readonly ReadinessCheck[] {
  const createdAt = performance.now();
  const limitMilliseconds = config.sync.everySeconds * 3000;
  return [
    databaseReadiness(db),
    {
      name: 'roster',
      check: async () => {
        if (performance.now() - createdAt < limitMilliseconds) return null;
        const age = await sql<{ recent: boolean | null }>`
          select max(finished_at) > clock_timestamp() - make_interval(secs => ${limitMilliseconds / 1000}) as recent
          from sync_run where kind = 'site'`.execute(db);
        if (age.rows[0]?.recent) return null;
        const latest = await findLatestSiteRun(db);
        return latest?.outcome === 'running'
          ? `a run has been going on since ${latest.startedAt.toISOString()}`
          : 'no run over the site has ended within three periods';
      },
    },
  ];
}

/** Log line and metrics are made from the same result. */
function report({ logger, metrics }: SyncContext, runId: string, { outcome, summary }: SiteResult): void {
  metrics.runs.inc({ outcome });
  metrics.runDuration.observe(summary.duration_ms / 1000);
  if (outcome !== 'failed') metrics.lastSuccess.set(Date.now() / 1000);
  const fields = { run: runId, outcome, ...summary };
  if (outcome === 'done') logger.info(fields, 'site run done');
  else logger.warn(fields, 'site run not complete');
}
