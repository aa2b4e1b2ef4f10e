// idle-culler: observes servers and GPU readings, keeps the ledger, announces and stops. The only one that stops servers.
import { setTimeout as delay } from 'node:timers/promises';
import { createLeaderLock } from '../../src/database/leader-lock.ts';
import { type Listener, startListener } from '../../src/database/listen.ts';
import { STOP_CHANNEL } from '../../src/database/metering.ts';
import type { ReadinessCheck } from '../../src/http/ops-app.ts';
import { createHubApi } from '../../src/jupyterhub/hub-api.ts';
import { CULLER_SCOPES, HubError, READ_SCOPES } from '../../src/jupyterhub/hub-error.ts';
import { createGpuReadings } from '../../src/prometheus/gpu-readings.ts';
import { databaseReadiness } from '../../src/runtime/database-readiness.ts';
import { type Schedule, startSchedule } from '../../src/runtime/schedule.ts';
import { clusterReadiness, type Service, type ServiceEnvironment } from '../../src/runtime/service.ts';
import { type CycleOutcome, createCullerMetrics } from './culler-metrics.ts';
import { createDryRunMemory } from './dry-run-memory.ts';
import { type CycleContext, runCycle } from './run-cycle.ts';

/** Periods without a good cycle after which this replica is not ready. */
const LATE_PERIODS = 5;
/** A process ends within 10 s, whatever is under way. */
const LONGEST_END_MILLISECONDS = 5_000;

interface CullerState {
  /** performance.now() of the last good cycle of this leader, or of the moment it began to lead; null: it stands by. */
  lastGoodAt: number | null;
  hubRefusal: string | null;
  /** The process ends: no further stop is sent. */
  ending: boolean;
}

export function createIdleCuller(environment: ServiceEnvironment): Service {
  const { config, databaseUrl, logger } = environment;
  const context = createContext(environment);
  const lock = createLeaderLock(databaseUrl, 'idle-culler');
  const state: CullerState = { lastGoodAt: null, hubRefusal: null, ending: false };
  const isLeader = async (): Promise<boolean> => !state.ending && (await lock.isLeader());
  const cycle = (): Promise<void> => oneCycle({ ...context, isLeader }, state);
  let schedule: Schedule | null = null;
  let listener: Listener | null = null;
  return {
    name: 'idle-culler',
    readiness: readinessOf(environment, state),
    async start() {
      schedule = startSchedule(config.culler.everySeconds, cycle, (error) =>
        logger.error({ err: error }, 'a cycle failed'),
      );
      listener = startListener(
        databaseUrl,
        STOP_CHANNEL,
        () => schedule?.trigger(),
        (error) => logger.warn({ err: error }, 'notifications cannot be heard; the timer goes on'),
      );
    },
    async stop() {
      state.ending = true;
      await listener?.stop();
      // A stop that the hub is slow to answer is marked in the ledger: the next leader follows it.
      await Promise.race([schedule?.stop(), delay(LONGEST_END_MILLISECONDS, undefined, { ref: false })]);
      await lock.release();
    },
  };
}

function createContext(environment: ServiceEnvironment): Omit<CycleContext, 'isLeader'> {
  const { config, secrets, db, cluster, logger, metrics, upstreamDuration } = environment;
  const { hub, prometheus } = config;
  return {
    config,
    db,
    cluster,
    logger,
    metrics: createCullerMetrics(metrics, prometheus?.metrics ?? []),
    dryRun: createDryRunMemory(),
    hub: createHubApi({
      apiUrl: hub.apiUrl,
      token: secrets.hubApiToken ?? '',
      requestTimeoutSeconds: hub.requestTimeoutSeconds,
      concurrency: config.culler.concurrency,
      duration: upstreamDuration,
    }),
    readings: prometheus && createGpuReadings({ ...prometheus, duration: upstreamDuration }),
  };
}

/** Ends with an outcome, whatever happens: the schedule goes on. */
async function oneCycle(context: CycleContext, state: CullerState): Promise<void> {
  const { metrics, logger } = context;
  let outcome: CycleOutcome = 'failed';
  try {
    if (!(await context.isLeader())) {
      outcome = 'standby';
      state.lastGoodAt = null;
      state.hubRefusal = null;
      // The leader shows them: the sum over replicas must be right.
      metrics.sessions.reset();
      metrics.unmanaged.set(0);
      return;
    }
    state.lastGoodAt ??= performance.now();
    // Each time: a restart of the hub between two cycles may have limited the role, and who is not listed would look gone.
    await context.hub.proveScopes(context.config.culler.dryRun ? READ_SCOPES : CULLER_SCOPES);
    await runCycle(context);
    outcome = 'done';
    state.hubRefusal = null;
    state.lastGoodAt = performance.now();
    metrics.lastSuccess.setToCurrentTime();
  } catch (error) {
    if (error instanceof HubError) {
      outcome = `hub_${error.fault}`;
      state.hubRefusal = error.fault === 'refused' ? error.message : null;
      logger.error({ fault: error.fault, cause: error.message }, 'cycle skipped: no good list of servers');
    } else {
      logger.error({ err: error }, 'cycle failed');
    }
  } finally {
    metrics.cycles.inc({ outcome });
  }
}

function readinessOf({ config, db, cluster }: ServiceEnvironment, state: CullerState): ReadinessCheck[] {
  const lateAfter = config.culler.everySeconds * LATE_PERIODS * 1000;
  return [
    databaseReadiness(db),
    { name: 'hub-token', check: async () => state.hubRefusal },
    {
      name: 'cycle',
      // A replica that stands by has none, and is ready to take over.
      check: async () =>
        state.lastGoodAt !== null && performance.now() - state.lastGoodAt > lateAfter
          ? `the last good cycle was ${Math.round((performance.now() - state.lastGoodAt) / 1000)} s ago`
          : null,
    },
    ...clusterReadiness(cluster),
  ];
}
