// Turns Kubernetes' pods and nodes into the domain's.
import type { ClusterNode, ClusterPod, PodWait } from '../domain/profiles/cluster.ts';
import type { WireNode, WirePod } from './wire.ts';

/** null: it has ended, and holds nothing. */
export function toClusterPod(pod: WirePod): ClusterPod | null {
  const { metadata, spec, status } = pod;
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return null;
  const annotations = metadata.annotations ?? {};
  const hubUsername = annotations['hub.jupyter.org/username'];
  const scheduled = status.conditions?.find(({ type }) => type === 'PodScheduled');
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    // KubeSpawner leaves the second one out for the default server (spawner.py 2168-2177).
    server: hubUsername ? { hubUsername, serverName: annotations['hub.jupyter.org/servername'] ?? '' } : null,
    sessionId: annotations['coursehub.dev/session'] ?? null,
    requests: requestsOf(spec),
    nodeSelector: spec.nodeSelector ?? {},
    nodeName: spec.nodeName ?? null,
    createdAt: metadata.creationTimestamp,
    scheduledAt: scheduled?.status === 'True' ? (scheduled.lastTransitionTime ?? null) : null,
    ending: metadata.deletionTimestamp != null,
    placeholder: metadata.labels?.['component'] === 'user-placeholder',
    wait: waitOf(pod, scheduled),
  };
}

/** Extended resources only: their name has a domain. Kubernetes gives a pod the sum of its containers, or the largest init container. */
function requestsOf({ containers, initContainers }: WirePod['spec']): Readonly<Record<string, number>> {
  const sum: Record<string, number> = {};
  const largest: Record<string, number> = {};
  const sidecars = (initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const container of [...containers, ...sidecars])
    for (const [name, amount] of extendedOf(container)) sum[name] = (sum[name] ?? 0) + amount;
  for (const container of initContainers ?? [])
    for (const [name, amount] of extendedOf(container)) largest[name] = Math.max(largest[name] ?? 0, amount);
  for (const [name, amount] of Object.entries(largest)) sum[name] = Math.max(sum[name] ?? 0, amount);
  return sum;
}

type Container = WirePod['spec']['containers'][number];

/** Without requests the limits count, as in Kubernetes. */
const extendedOf = ({ resources }: Container): [string, number][] =>
  extended({ ...resources?.limits, ...resources?.requests });

function extended(quantities: Readonly<Record<string, string | number>> | null | undefined): [string, number][] {
  return Object.entries(quantities ?? {}).flatMap(([name, amount]): [string, number][] =>
    isExtended(name) && wholeNumber(amount) !== null ? [[name, wholeNumber(amount) ?? 0]] : [],
  );
}

const isExtended = (name: string): boolean => name.includes('/') && !name.startsWith('kubernetes.io/');

/** Extended resources are whole numbers; from 1000 on Kubernetes may write "2k". */
function wholeNumber(amount: string | number): number | null {
  const match = /^(\d+)(k?)$/.exec(String(amount));
  return match ? Number(match[1]) * (match[2] === 'k' ? 1000 : 1) : null;
}

const IMAGE_FAULTS: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
]);

type Condition = NonNullable<WirePod['status']['conditions']>[number];

function waitOf({ metadata, status }: WirePod, scheduled: Condition | undefined): PodWait | null {
  if (status.phase !== undefined && status.phase !== null && status.phase !== 'Pending') return null;
  const since = scheduled?.lastTransitionTime ?? metadata.creationTimestamp;
  // The message stays in the condition while a pod waits at the scheduler; before the first try it has none.
  if (scheduled?.status === 'False') return { kind: 'unschedulable', message: scheduled.message ?? '', since };
  const states = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const waiting = states.map(({ state }) => state?.waiting).find((each) => IMAGE_FAULTS.has(each?.reason ?? ''));
  return waiting ? { kind: 'image', message: waiting.message ?? waiting.reason ?? '', since } : null;
}

/** An `effect` of PreferNoSchedule keeps nobody away. A cordoned node has a taint, too, that the flag already tells. */
export function toClusterNode({ metadata, spec, status }: WireNode): ClusterNode {
  const ready = status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
  return {
    name: metadata.name,
    labels: metadata.labels ?? {},
    usable: ready && spec.unschedulable !== true,
    taints: (spec.taints ?? [])
      .filter(({ effect }) => effect !== 'PreferNoSchedule')
      .map(({ key, value, effect }) => ({ key, value: value ?? '', effect })),
    allocatable: Object.fromEntries(extended(status.allocatable)),
  };
}
