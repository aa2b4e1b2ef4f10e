// What can go wrong between us and the apiserver, as sentences that say what to do.

export const WATCH_FAULTS = ['denied', 'unauthorized', 'unreachable', 'broken', 'unreadable'] as const;
export type WatchFaultKind = (typeof WATCH_FAULTS)[number];

/** What one informer reads. */
export interface Watched {
  /** `pods`, `nodes`, `other-pods`: names it in logs and metrics. */
  readonly label: string;
  /** Resource in RBAC. */
  readonly resource: 'pods' | 'nodes';
  /** null: the whole cluster. */
  readonly namespace: string | null;
  /** What the operator can do when it is denied. */
  readonly remedy: string;
}

export class WatchFault extends Error {
  readonly kind: WatchFaultKind;
  /** HTTP status; null when there was no answer. */
  readonly status: number | null;
  constructor(
    kind: WatchFaultKind,
    message: string,
    more: { readonly status?: number; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.name = 'WatchFault';
    this.kind = kind;
    this.status = more.status ?? null;
  }
}

/** @param said what the apiserver answered, in its own words; '' when it said nothing. */
export function faultOfStatus(watched: Watched, verb: 'list' | 'watch', status: number, said: string): WatchFault {
  const where = watched.namespace === null ? 'in the whole cluster' : `in the namespace ${watched.namespace}`;
  const quote = said === '' ? '' : ` Kubernetes says: ${said}`;
  if (status === 403)
    return new WatchFault(
      'denied',
      `Kubernetes does not let this service ${verb} ${watched.resource} ${where}: ${watched.remedy}.${quote}`,
      { status },
    );
  if (status === 401)
    return new WatchFault(
      'unauthorized',
      `Kubernetes does not know the token of this service (401): it must run with a ServiceAccount whose token is mounted.${quote}`,
      { status },
    );
  return new WatchFault('broken', `Kubernetes answered ${status} to "${verb} ${watched.resource}".${quote}`, {
    status,
  });
}

/** For whatever the network or the library threw. */
export function faultOfError(watched: Watched, error: unknown): WatchFault {
  if (error instanceof WatchFault) return error;
  const { statusCode } = (typeof error === 'object' && error !== null ? error : {}) as { statusCode?: number };
  if (statusCode !== undefined) return faultOfStatus(watched, 'watch', statusCode, '');
  return new WatchFault('unreachable', `Kubernetes does not answer (${causeOf(error)}).`, { cause: error });
}

/** undici hides the reason in the cause. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : error;
  const { code } = cause as NodeJS.ErrnoException;
  return code ?? cause.message;
}
