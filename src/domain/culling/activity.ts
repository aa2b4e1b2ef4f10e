// Decides for how long nobody has used a session: the hub's last activity, never before the start.
import type { SessionFacts } from './session-facts.ts';

/**
 * Seconds without activity; 0 while the server is not ready. The hub's activity comes from the proxy every 5 minutes and from the server itself
 * (peers.md 3.3): it shows that a tab is open or a kernel runs, not that a GPU is used.
 */
export function quietSeconds({ server, session, now }: SessionFacts): number {
  if (server.state !== 'ready') return 0;
  const last = Math.max(
    server.lastActivityAt?.getTime() ?? Number.NEGATIVE_INFINITY,
    server.startedAt.getTime(),
    // By the database clock: a hub whose clock is behind must not make a new session look old.
    session.startedAt?.getTime() ?? now.getTime(),
    readyAt(session)?.getTime() ?? now.getTime(),
  );
  return Math.max(0, (now.getTime() - last) / 1000);
}

/**
 * The hub's start is the moment of the request (jupyterhub 5.5 user.py 902): nobody can use a server that waits for a GPU or an image.
 * A culler that was away sees it late; longer than its admission no server waits.
 */
const readyAt = ({ firstSeenAt, admissionExpiresAt }: SessionFacts['session']): Date | null =>
  firstSeenAt !== null && firstSeenAt > admissionExpiresAt ? admissionExpiresAt : firstSeenAt;

/** Seconds since the time held began; 0 before. */
export function heldSeconds({ session, now }: SessionFacts): number {
  return session.startedAt === null ? 0 : Math.max(0, (now.getTime() - session.startedAt.getTime()) / 1000);
}
