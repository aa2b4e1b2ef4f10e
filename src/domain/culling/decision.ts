// The outcome of looking at one session: a plain value that the log line, the database row and the metric are made from.

/** Why a server is stopped (design 3). In the order in which they are asked. */
export const STOP_REASONS = [
  'requested',
  'enrolment_ended',
  'course_closed',
  'session_limit',
  'gpu_idle',
  'idle',
  'unknown_limit',
] as const;
export type StopReason = (typeof STOP_REASONS)[number];

export type Decision =
  /** Nothing to do. `why` is for people who read the log. */
  | { readonly kind: 'keep'; readonly reason: 'no_reason' | 'busy' }
  /** A stop is announced for `stopAt`; replaces an announcement whose reason no longer holds. */
  | { readonly kind: 'announce'; readonly reason: StopReason; readonly stopAt: Date }
  /** The announced reason no longer holds and no other does. */
  | { readonly kind: 'cancel'; readonly reason: StopReason }
  | { readonly kind: 'stop'; readonly reason: StopReason; readonly announced: boolean }
  /** Something is under way: a start, a stop, a grace, a server that may only be hidden for a moment. */
  | {
      readonly kind: 'wait';
      readonly reason: 'starting' | 'stopping' | 'grace' | 'missing';
      readonly stopAt: Date | null;
    }
  /** The server is over: the session ends at `endedAt`. Bookkeeping, nothing is stopped. */
  | { readonly kind: 'gone'; readonly reason: StopReason | 'gone'; readonly endedAt: Date }
  /** The admission never became a server. */
  | { readonly kind: 'release'; readonly reason: 'never_started'; readonly endedAt: Date };

export type DecisionKind = Decision['kind'];

/** Every kind with the reasons it can have: the closed label set of metrics. */
export const DECISION_REASONS = {
  keep: ['no_reason', 'busy'],
  announce: STOP_REASONS,
  cancel: STOP_REASONS,
  stop: STOP_REASONS,
  wait: ['starting', 'stopping', 'grace', 'missing'],
  gone: [...STOP_REASONS, 'gone'],
  release: ['never_started'],
} as const satisfies { readonly [Kind in DecisionKind]: readonly Extract<Decision, { kind: Kind }>['reason'][] };
