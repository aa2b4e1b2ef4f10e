// Decides which pod is that of a session, and so when its GPU was taken from others (design 1, GPU-hours).
import type { ClusterPod } from '../profiles/cluster.ts';

export type ScheduledAt = (session: {
  readonly id: string;
  readonly hubUsername: string;
  readonly serverName: string;
}) => Date | null;

/**
 * By the session's mark, else (a pod that the glue could not mark) by the annotations of person and server; never by the pod's name.
 * null: there is no such pod, or it was not scheduled yet.
 */
export function createScheduledAt(pods: readonly ClusterPod[]): ScheduledAt {
  const bySession = new Map<string, ClusterPod>();
  const byServer = new Map<string, ClusterPod>();
  for (const pod of pods) {
    if (pod.sessionId !== null) bySession.set(pod.sessionId, pod);
    else if (pod.server && !pod.ending) byServer.set(keyOf(pod.server), pod);
  }
  return (session) => (bySession.get(session.id) ?? byServer.get(keyOf(session)))?.scheduledAt ?? null;
}

/** The hub folds names to lower case. */
const keyOf = ({ hubUsername, serverName }: { readonly hubUsername: string; readonly serverName: string }): string =>
  `${hubUsername.toLowerCase()}/${serverName}`;
