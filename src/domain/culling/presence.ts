// Decides what a snapshot of the hub says about the server of one session: a later run under the same name is not the session's.
import type { ServerPresence } from './session-facts.ts';

/** A server as the hub lists it; a stopped one is not listed. */
export interface HubServer {
  readonly hubUsername: string;
  /** Empty for the default server. */
  readonly serverName: string;
  /** `check`: the hub has just been restarted and looks whether it still runs. */
  readonly pending: 'spawn' | 'stop' | 'check' | null;
  readonly ready: boolean;
  /** null until it has started. */
  readonly startedAt: Date | null;
  readonly lastActivityAt: Date | null;
}

/**
 * @param hubStartedAt the start that the session's server was first seen with; null: not seen yet.
 */
export function findPresence(server: HubServer | null, hubStartedAt: Date | null): ServerPresence {
  if (server === null) return { state: 'absent' };
  const { startedAt } = server;
  // The hub never changes the start of a running server, not even when it is restarted itself (jupyterhub 5.5 user.py 902, 1134).
  if (hubStartedAt !== null && startedAt !== null && startedAt.getTime() !== hubStartedAt.getTime())
    return { state: 'absent' };
  if (server.pending === 'stop') return { state: 'stopping', startedAt };
  // Ours had started: a start under its name is another run. It is not counted against us before it shows its own start.
  if (server.pending !== null || !server.ready || startedAt === null) return { state: 'pending' };
  return { state: 'ready', startedAt, lastActivityAt: server.lastActivityAt };
}
