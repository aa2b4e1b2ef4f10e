// What this process sees of the cluster, always at hand: pods of the hub's servers, nodes and other pods where they may be read.
import type { Histogram } from 'prom-client';
import type { ClusterNode, ClusterPod } from '../domain/profiles/cluster.ts';
import { createHttpClient } from '../http/http-client.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { openCluster } from './credentials.ts';
import { createKubernetesMetrics, type ListName } from './kubernetes-metrics.ts';
import { toClusterNode, toClusterPod } from './to-cluster.ts';
import type { Watched } from './watch-fault.ts';
import { followList, type WatchedList, type WatchedListOptions } from './watched-list.ts';
import { nodeSchema, podSchema } from './wire.ts';

export interface ClusterViewOptions {
  /** null: the ServiceAccount of this pod. */
  readonly kubeconfigFile: string | null;
  readonly namespace: string;
  readonly podSelector: string;
  /** Needs a ClusterRole. */
  readonly nodes: boolean;
  /** Needs a ClusterRole: GPUs that pods outside of the hub hold. */
  readonly otherPods: boolean;
  readonly requestTimeoutSeconds: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly duration?: Histogram<string> | undefined;
}

/** Each list is null while it cannot be trusted. */
export interface ClusterView {
  readonly pods: () => readonly ClusterPod[] | null;
  /** All pods that are known to hold something of a node. */
  readonly occupants: () => readonly ClusterPod[] | null;
  readonly nodes: () => readonly ClusterNode[] | null;
  readonly nodesExpected: boolean;
  /** What has never been read since the start, as a sentence. A fault that comes later hides numbers, and stops nobody. */
  readonly missing: () => string | null;
  readonly stop: () => Promise<void>;
}

/** @throws a sentence when there are no credentials. */
export function openClusterView(options: ClusterViewOptions): ClusterView {
  const follow = createFollow(options);
  const { namespace, podSelector } = options;
  const pods = follow(
    {
      label: 'pods',
      resource: 'pods',
      namespace,
      remedy: 'give its ServiceAccount a Role there with the verbs list and watch on pods',
    },
    { path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`, labelSelector: podSelector, read: readPod },
  );
  const nodes = options.nodes
    ? follow(
        {
          label: 'nodes',
          resource: 'nodes',
          namespace: null,
          remedy:
            'give its ServiceAccount a ClusterRole with the verbs list and watch on nodes, or set kubernetes.nodes: false',
        },
        { path: '/api/v1/nodes', read: (item) => toClusterNode(nodeSchema.parse(item)) },
      )
    : null;
  const others = options.otherPods
    ? follow(
        {
          label: 'other-pods',
          resource: 'pods',
          namespace: null,
          remedy:
            'give its ServiceAccount a ClusterRole with the verbs list and watch on pods, or set kubernetes.otherPods: false',
        },
        {
          path: '/api/v1/pods',
          fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed',
          read: readHolder,
        },
      )
    : null;
  const all: readonly WatchedList<unknown>[] = [pods, ...(nodes ? [nodes] : []), ...(others ? [others] : [])];
  return {
    pods: pods.values,
    occupants: (others ?? pods).values,
    nodes: () => nodes?.values() ?? null,
    nodesExpected: options.nodes,
    missing: () => all.map((list) => list.missing()).find((sentence) => sentence !== null) ?? null,
    stop: async () => void (await Promise.all(all.map((list) => list.stop()))),
  };
}

const readPod = (item: unknown): ClusterPod | null => toClusterPod(podSchema.parse(item));

/** Most pods of a cluster hold no extended resource: not kept. */
function readHolder(item: unknown): ClusterPod | null {
  const pod = readPod(item);
  return pod && Object.keys(pod.requests).length > 0 ? pod : null;
}

type ListOptions<Value> = Pick<WatchedListOptions<Value>, 'path' | 'labelSelector' | 'fieldSelector' | 'read'>;

function createFollow(options: ClusterViewOptions) {
  const config = openCluster(options.kubeconfigFile);
  const lists: ListName[] = [
    'pods',
    ...(options.nodes ? ['nodes' as const] : []),
    ...(options.otherPods ? ['other-pods' as const] : []),
  ];
  const metrics = createKubernetesMetrics(options.metrics, lists);
  const client = createHttpClient({
    upstream: 'kubernetes',
    baseUrl: config.getCurrentCluster()?.server ?? '',
    timeoutSeconds: options.requestTimeoutSeconds,
    // followList tries again by itself.
    retries: 0,
    duration: options.duration,
  });
  return <Value>(watched: Watched, list: ListOptions<Value>): WatchedList<Value> =>
    followList<Value>({ config, client, watched, logger: options.logger, metrics, ...list });
}
