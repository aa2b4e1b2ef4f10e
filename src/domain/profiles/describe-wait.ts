// Says to a person why their server does not run yet, with Kubernetes' own words.
import { clockText } from '../time-text.ts';
import type { ClusterPod } from './cluster.ts';

/** A sentence per server of this person that waits; the oldest first. */
export function describeWaits(
  pods: readonly ClusterPod[],
  hubUsername: string,
  now: Date,
  timeZone: string,
): readonly string[] {
  // The hub folds names to lower case; "ann" is not "anna".
  const name = hubUsername.toLowerCase();
  return pods
    .filter(({ server, wait, ending }) => server?.hubUsername.toLowerCase() === name && wait !== null && !ending)
    .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
    .flatMap(({ server, wait }) => {
      if (!server || !wait) return [];
      const which = server.serverName === '' ? 'Your server' : `Your server “${server.serverName}”`;
      const since = clockText(wait.since, now, timeZone);
      return wait.kind === 'unschedulable'
        ? `${which} has been waiting since ${since} and starts by itself as soon as there is room. The cluster says: ${firstSentence(wait.message)}`
        : `${which} cannot start: its image cannot be fetched since ${since}. The cluster says: ${firstSentence(wait.message)}`;
    });
}

/** The scheduler goes on about preemption and claims, which helps nobody here. A dot inside "nvidia.com/gpu" is no end. */
function firstSentence(message: string): string {
  const text = message.trim();
  const end = text.search(/\.(\s|$)/);
  return end < 0 ? `${text}.` : text.slice(0, end + 1);
}
