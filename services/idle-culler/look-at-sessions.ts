// Joins one snapshot (hub, ledger, readings, database time) into the facts of every open session. No I/O.
import type { Config } from '../../src/config/config.ts';
import type { OpenSession, Sighting } from '../../src/database/metering.ts';
import type { UnmanagedServer } from '../../src/database/unmanaged-servers.ts';
import { classifyGpu } from '../../src/domain/culling/gpu-state.ts';
import { gpuWindowOf } from '../../src/domain/culling/gpu-window.ts';
import { findPresence, type HubServer } from '../../src/domain/culling/presence.ts';
import type { ScheduledAt } from '../../src/domain/culling/scheduled-at.ts';
import type { PendingStop, ServerPresence, SessionFacts } from '../../src/domain/culling/session-facts.ts';
import { timeHeldStart } from '../../src/domain/culling/time-held.ts';
import { checkAudience } from '../../src/domain/profiles/audience.ts';
import { findCourseProfile } from '../../src/domain/profiles/match-course-profiles.ts';
import type { CourseProfile } from '../../src/domain/profiles/profile.ts';
import type { GpuReadings } from '../../src/prometheus/gpu-readings.ts';

export interface Snapshot {
  readonly now: Date;
  readonly servers: readonly HubServer[];
  readonly sessions: readonly OpenSession[];
  readonly readings: GpuReadings;
  /** Of the session's pod; null without Kubernetes, or while it cannot be seen. */
  readonly scheduledAt: ScheduledAt;
  /** What a dry run remembers instead of the database. */
  readonly pendingOf: (session: OpenSession) => PendingStop | null;
}

export interface LookedAt {
  readonly session: OpenSession;
  readonly facts: SessionFacts;
  /** What to write into the ledger; null when the server is not ready. */
  readonly sighting: Sighting | null;
}

export interface View {
  readonly looked: readonly LookedAt[];
  readonly unmanaged: readonly UnmanagedServer[];
}

export function lookAtSessions(config: Config, snapshot: Snapshot): View {
  // The hub folds names to lower case, coursehub allocates them so.
  const servers = new Map(snapshot.servers.map((server) => [keyOf(server), server]));
  const managed = new Set<string>();
  const looked = snapshot.sessions.map((session) => {
    const presence = findPresence(servers.get(keyOf(session)) ?? null, session.hubStartedAt);
    if (presence.state !== 'absent') managed.add(keyOf(session));
    return lookAt(config, snapshot, session, presence);
  });
  const unmanaged = snapshot.servers
    .filter((server) => server.ready && !managed.has(keyOf(server)))
    .map(({ hubUsername, serverName }) => ({ hubUsername, serverName }));
  return { looked, unmanaged };
}

const keyOf = ({ hubUsername, serverName }: { readonly hubUsername: string; readonly serverName: string }): string =>
  `${hubUsername.toLowerCase()}/${serverName}`;

function lookAt(config: Config, snapshot: Snapshot, session: OpenSession, server: ServerPresence): LookedAt {
  const { now } = snapshot;
  const firstSeenAt = session.firstSeenAt ?? (server.state === 'ready' ? now : null);
  const scheduledAt = server.state === 'ready' ? snapshot.scheduledAt(session) : null;
  const startedAt = startOfTimeHeld(session, server, scheduledAt, firstSeenAt ?? now);
  const idle = session.snapshot.profile.idle;
  const readings = session.gpuCount > 0 ? snapshot.readings.of(session.namespace, session.pod) : null;
  const gpu = classifyGpu({
    gpuCount: session.gpuCount,
    metric: readings?.metric ?? null,
    samples: readings?.samples ?? [],
    now,
    startedAt,
    windowSeconds: gpuWindowOf(idle),
    expectedIntervalSeconds: config.prometheus?.scrapeIntervalSeconds ?? 30,
    thresholdPercent: idle.gpuIdleThresholdPercent,
  });
  const courseProfile = currentProfile(config, session);
  const facts: SessionFacts = {
    now,
    session: {
      id: session.id,
      admittedAt: session.admittedAt,
      admissionExpiresAt: session.admissionExpiresAt,
      hubStartedAt: session.hubStartedAt,
      firstSeenAt,
      lastSeenAt: session.lastSeenAt,
      startedAt,
      pending: snapshot.pendingOf(session),
      begunStop: session.begunStop,
      missedSnapshots: session.missedSnapshots,
      gpuCount: session.gpuCount,
      idle,
      closesAt: courseProfile ? courseProfile.closesAt : parseTime(session.snapshot.closes_at),
    },
    server,
    gpu,
    person: session.person,
    enrolmentGivesIt: enrolmentGives(session, courseProfile),
    stopRequested: session.stopRequested,
    limits: {
      missedSnapshots: config.culler.missedSnapshots,
      enrolmentEndedGraceSeconds: config.culler.enrolmentEndedGraceSeconds,
    },
  };
  const sighting: Sighting | null =
    server.state === 'ready' && startedAt !== null
      ? {
          id: session.id,
          hubStartedAt: server.startedAt,
          startedAt,
          scheduled: scheduledAt !== null,
          gpuState: gpu.state,
        }
      : null;
  return { session, facts, sighting };
}

/** The pod's time wins, also when it is learned later than the hub's: who waited in the queue held nothing. */
function startOfTimeHeld(
  session: OpenSession,
  server: ServerPresence,
  scheduledAt: Date | null,
  firstSeenAt: Date,
): Date | null {
  if (scheduledAt) return timeHeldStart(scheduledAt, session.admittedAt, firstSeenAt);
  if (session.startedAt || server.state !== 'ready') return session.startedAt;
  return timeHeldStart(server.startedAt, session.admittedAt, firstSeenAt);
}

/** As the config has it now: instructors and operators close or narrow it while sessions run. null: the rule is gone. */
const currentProfile = (config: Config, { course, courseProfileId }: OpenSession): CourseProfile | null =>
  course && findCourseProfile(config.rules, course, courseProfileId);

/** A hidden course still gives what runs: hiding is for new starts (admission). */
function enrolmentGives(session: OpenSession, courseProfile: CourseProfile | null): boolean {
  const { enrolment, course } = session;
  if (course === null || !enrolment?.active) return false;
  return checkAudience(enrolment, courseProfile?.audience ?? session.snapshot.audience) === 'in';
}

const parseTime = (text: string | null): Date | null => (text === null ? null : new Date(text));
