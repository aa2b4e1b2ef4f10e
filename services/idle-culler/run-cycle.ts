// One cycle: snapshot -> pure decisions -> apply. Everything that a decision needs is read before the first is made.
import type { Config } from '../../src/config/config.ts';
import { type Db, databaseNow } from '../../src/database/database.ts';
import {
  announceStops,
  cancelStops,
  closeSession,
  findOpenSessions,
  finishStopRequests,
  forgetMisses,
  recordMisses,
  recordSightings,
} from '../../src/database/metering.ts';
import { recordUnmanagedServers } from '../../src/database/unmanaged-servers.ts';
import { decideSession } from '../../src/domain/culling/decide-session.ts';
import type { DecisionKind } from '../../src/domain/culling/decision.ts';
import { longestGpuWindow } from '../../src/domain/culling/gpu-window.ts';
import type { HubServer } from '../../src/domain/culling/presence.ts';
import { createScheduledAt } from '../../src/domain/culling/scheduled-at.ts';
import { currentRequestId } from '../../src/http/request-id.ts';
import type { HubApi } from '../../src/jupyterhub/hub-api.ts';
import type { ClusterView } from '../../src/kubernetes/cluster-view.ts';
import { type GpuReadings, type GpuReadingsSource, NO_READINGS } from '../../src/prometheus/gpu-readings.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import type { CullerMetrics, Mode, StopOutcome } from './culler-metrics.ts';
import type { DryRunMemory } from './dry-run-memory.ts';
import { lookAtSessions, type Snapshot, type View } from './look-at-sessions.ts';
import { countDecision, type Decided, logDecision } from './report-decision.ts';
import { stopServers } from './stop-servers.ts';

export interface CycleContext {
  readonly config: Config;
  readonly db: Db;
  readonly hub: HubApi;
  /** null: no Prometheus, every GPU is `unknown`. */
  readonly readings: GpuReadingsSource | null;
  /** null: no Kubernetes. */
  readonly cluster: ClusterView | null;
  readonly isLeader: () => Promise<boolean>;
  readonly logger: Logger;
  readonly metrics: CullerMetrics;
  readonly dryRun: DryRunMemory;
}

/** Throws a HubError when the hub gave no good snapshot: nothing is decided then, and the ledger catches up from start times. */
export async function runCycle(context: CycleContext): Promise<void> {
  const startedAt = performance.now();
  const { config, metrics } = context;
  const mode: Mode = config.culler.dryRun ? 'dry_run' : 'live';
  const snapshot = await takeSnapshot(context);
  const view = lookAtSessions(config, snapshot);
  const decided = view.looked.map((looked): Decided => ({ ...looked, decision: decideSession(looked.facts) }));
  if (!(await context.isLeader())) return;
  await keepLedger(context, snapshot, view, decided);
  reportDecisions(context, decided, snapshot.now, mode);
  const stops = mode === 'live' ? await applyStops(context, decided, snapshot.now, startedAt) : [];
  await finishStopRequests(context.db);
  const seconds = (performance.now() - startedAt) / 1000;
  metrics.cycleDuration.observe(seconds);
  showView(context, snapshot, view);
  logSummary(context.logger, { snapshot, view, decided, stops, seconds, mode });
}

async function takeSnapshot({ config, db, hub, readings, cluster, dryRun }: CycleContext): Promise<Snapshot> {
  const now = await databaseNow(db);
  // The ledger first: a session that ends in between is closed already, one that is admitted has no ready server yet.
  const sessions = await findOpenSessions(db);
  const windowSeconds = longestGpuWindow(sessions);
  const [servers, found]: [readonly HubServer[], GpuReadings] = await Promise.all([
    hub.listServers(),
    readings && windowSeconds > 0 ? readings.read(now, windowSeconds) : NO_READINGS,
  ]);
  dryRun.forgetAllBut(new Set(sessions.map(({ id }) => id)));
  return {
    now,
    servers,
    sessions,
    readings: found,
    scheduledAt: createScheduledAt(cluster?.pods() ?? []),
    pendingOf: (session) => (config.culler.dryRun ? dryRun.pendingOf(session.id) : session.pending),
  };
}

/** Bookkeeping, in a dry run too: what was seen, what is over, what has no session. */
async function keepLedger(
  { db, logger }: CycleContext,
  { now }: Snapshot,
  { looked, unmanaged }: View,
  decided: readonly Decided[],
): Promise<void> {
  await recordSightings(
    db,
    now,
    looked.flatMap(({ sighting }) => sighting ?? []),
  );
  await forgetMisses(
    db,
    looked.flatMap(({ session, facts }) =>
      session.missedSnapshots > 0 && facts.server.state !== 'absent' ? [session.id] : [],
    ),
  );
  await recordMisses(
    db,
    decided.flatMap(({ session, decision }) =>
      decision.kind === 'wait' && decision.reason === 'missing' ? [session.id] : [],
    ),
  );
  for (const { session, decision } of decided) {
    if (decision.kind === 'gone' || decision.kind === 'release')
      await closeSession(db, session.id, decision.reason, decision.endedAt);
  }
  for (const server of await recordUnmanagedServers(db, now, unmanaged)) {
    logger.warn(
      { hub_username: server.hubUsername, server: server.serverName },
      'a server runs without a session: it is counted, not stopped',
    );
  }
}

/** A dry run says each stop once. */
function reportDecisions(context: CycleContext, decided: readonly Decided[], now: Date, mode: Mode): void {
  for (const each of decided) {
    const isNew = mode === 'live' || context.dryRun.note(each.session.id, each.decision, now);
    if (!isNew) continue;
    countDecision(context.metrics, each, mode);
    logDecision(context.logger, each, mode);
  }
}

async function applyStops(
  context: CycleContext,
  decided: readonly Decided[],
  now: Date,
  factsReadAt: number,
): Promise<readonly StopOutcome[]> {
  const { db, config } = context;
  await announceStops(
    db,
    now,
    decided.flatMap(({ session, decision }) =>
      decision.kind === 'announce' ? [{ id: session.id, reason: decision.reason, stopAt: decision.stopAt }] : [],
    ),
  );
  await cancelStops(
    db,
    decided.flatMap(({ session, decision }) => (decision.kind === 'cancel' ? [session.id] : [])),
  );
  const orders = decided.flatMap(({ session, decision }) =>
    decision.kind === 'stop' ? [{ session, reason: decision.reason }] : [],
  );
  return stopServers({ ...context, concurrency: config.culler.concurrency, factsReadAt }, orders);
}

function showView({ metrics, config }: CycleContext, { now, readings }: Snapshot, { looked, unmanaged }: View): void {
  metrics.sessions.reset();
  for (const state of ['busy', 'idle', 'unknown', 'none'] as const) {
    metrics.sessions.set(
      { gpu_state: state },
      looked.filter(({ facts }) => facts.server.state === 'ready' && facts.gpu.state === state).length,
    );
  }
  const gpus = looked.filter(({ facts }) => facts.server.state === 'ready' && facts.gpu.state !== 'none');
  for (const metric of [...(config.prometheus?.metrics ?? []), null]) {
    metrics.gpuSources.set(
      { metric: metric ?? 'nothing' },
      gpus.filter(({ facts }) => facts.gpu.evidence.metric === metric).length,
    );
  }
  metrics.unmanaged.set(unmanaged.length);
  metrics.readingsAge.set(readings.newestAt ? (now.getTime() - readings.newestAt.getTime()) / 1000 : -1);
  for (const { metric } of readings.faults) metrics.readingFaults.inc({ metric });
}

interface Summary {
  readonly snapshot: Snapshot;
  readonly view: View;
  readonly decided: readonly Decided[];
  readonly stops: readonly StopOutcome[];
  readonly seconds: number;
  readonly mode: Mode;
}

function logSummary(logger: Logger, { snapshot, view, decided, stops, seconds, mode }: Summary): void {
  const kinds: Partial<Record<DecisionKind, number>> = {};
  for (const { decision } of decided) kinds[decision.kind] = (kinds[decision.kind] ?? 0) + 1;
  const outcomes: Partial<Record<StopOutcome, number>> = {};
  for (const outcome of stops) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const fields = {
    mode,
    servers: snapshot.servers.length,
    sessions: snapshot.sessions.length,
    unmanaged: view.unmanaged.length,
    decisions: kinds,
    stops: outcomes,
    reading_faults: snapshot.readings.faults,
    duration_seconds: Math.round(seconds * 1000) / 1000,
    request_id: currentRequestId(),
  };
  logger.info(fields, 'cycle');
}
