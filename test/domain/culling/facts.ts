// A builder of session facts: a running GPU session that nothing speaks against.
import type { GpuState } from '../../../src/domain/culling/gpu-state.ts';
import type { ServerPresence, SessionFacts } from '../../../src/domain/culling/session-facts.ts';
import { sessionId } from '../../../src/domain/ids.ts';
import type { IdlePolicy } from '../../../src/domain/profiles/profile.ts';

export const NOW = new Date('2026-11-25T12:00:00Z');
export const ago = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1000);

const IDLE: IdlePolicy = {
  idleAfterSeconds: 3600,
  gpuIdleAfterSeconds: 1800,
  gpuIdleThresholdPercent: 2,
  unknownLimitSeconds: 21_600,
  sessionLimitSeconds: 86_400,
  graceSeconds: 600,
};

export interface FactsChange {
  readonly session?: Partial<SessionFacts['session']>;
  readonly idle?: Partial<IdlePolicy>;
  readonly server?: ServerPresence;
  /** Seconds since start and last activity of a ready server. */
  readonly age?: number;
  readonly quiet?: number;
  readonly gpu?: GpuState;
  readonly gpuWindow?: number;
  readonly person?: Partial<SessionFacts['person']>;
  readonly enrolmentGivesIt?: boolean;
  readonly stopRequested?: SessionFacts['stopRequested'];
}

export function someFacts(change: FactsChange = {}): SessionFacts {
  const { age = 7200, quiet = 0, gpu = 'busy', gpuWindow = 1800 } = change;
  return {
    now: NOW,
    session: {
      id: sessionId('s1'),
      admittedAt: ago(age + 60),
      admissionExpiresAt: ago(age - 900),
      hubStartedAt: ago(age),
      firstSeenAt: ago(age),
      lastSeenAt: ago(30),
      startedAt: ago(age),
      pending: null,
      begunStop: null,
      missedSnapshots: 0,
      gpuCount: gpu === 'none' ? 0 : 1,
      idle: { ...IDLE, ...change.idle },
      closesAt: null,
      ...change.session,
    },
    server: change.server ?? { state: 'ready', startedAt: ago(age), lastActivityAt: ago(quiet) },
    gpu: {
      state: gpu,
      evidence: { metric: null, seen: 0, expected: 0, peakPercent: null, windowSeconds: gpuWindow },
    },
    person: { suspended: false, deleted: false, ...change.person },
    enrolmentGivesIt: change.enrolmentGivesIt ?? true,
    stopRequested: change.stopRequested ?? null,
    limits: { missedSnapshots: 3, enrolmentEndedGraceSeconds: 900 },
  };
}
