// The facts that a decision about one session is made from: everything, and nothing but this.
import type { SessionId } from '../ids.ts';
import type { IdlePolicy } from '../profiles/profile.ts';
import type { StopReason } from './decision.ts';
import type { GpuVerdict } from './gpu-state.ts';

/** The session's server in one good snapshot of the hub (see presence.ts). */
export type ServerPresence =
  | { readonly state: 'absent' }
  | { readonly state: 'pending' }
  | { readonly state: 'stopping'; readonly startedAt: Date | null }
  | {
      readonly state: 'ready';
      /** By the hub's clock. */
      readonly startedAt: Date;
      readonly lastActivityAt: Date | null;
    };

export interface PendingStop {
  readonly reason: StopReason;
  readonly since: Date;
  readonly stopAt: Date;
}

export interface SessionFacts {
  readonly now: Date;
  readonly session: {
    readonly id: SessionId;
    readonly admittedAt: Date;
    readonly admissionExpiresAt: Date;
    readonly hubStartedAt: Date | null;
    readonly firstSeenAt: Date | null;
    readonly lastSeenAt: Date | null;
    /** Start of the time held; null until the server was seen. */
    readonly startedAt: Date | null;
    readonly pending: PendingStop | null;
    /** The stop that was sent to the hub. */
    readonly begunStop: StopReason | null;
    /** Good snapshots in a row, before this one, that did not show the server. */
    readonly missedSnapshots: number;
    readonly gpuCount: number;
    readonly idle: IdlePolicy;
    /** Of the course profile as it is now, else as it was. */
    readonly closesAt: Date | null;
  };
  readonly server: ServerPresence;
  readonly gpu: GpuVerdict;
  readonly person: { readonly suspended: boolean; readonly deleted: boolean };
  /** Active enrolment, in the audience of the course profile as it is now. */
  readonly enrolmentGivesIt: boolean;
  readonly stopRequested: { readonly by: string; readonly message: string } | null;
  readonly limits: { readonly missedSnapshots: number; readonly enrolmentEndedGraceSeconds: number };
}
