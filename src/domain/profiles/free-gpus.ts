// Decides how many GPUs of each pool are free now, from what may be known: nodes, pods, and our own open sessions.
import { type ClusterNode, type ClusterPod, selects, toleratesAll } from './cluster.ts';
import type { Pool } from './profile.ts';

export interface FreeGpus {
  readonly free: number;
  readonly total: number;
  /** What one server can get at once: GPUs of one server come from one node. null: nodes may not be read. */
  readonly largest: number | null;
}

export interface PoolState {
  /** null: not known (no capacity given and nodes may not be read, or the cluster cannot be seen now). */
  readonly gpus: FreeGpus | null;
  /** Servers that wait for a node. */
  readonly waiting: number;
}

export interface PoolFacts {
  readonly pools: readonly Pool[];
  /** GPUs of open sessions, by pool: the ledger's count, which binds admission. */
  readonly sessionGpus: ReadonlyMap<string, number>;
  /** The server that the answer is for: a start replaces it, so neither its session nor its pod counts against a capacity. */
  readonly replaced: { readonly hubUsername: string; readonly serverName: string };
  /** Pods of this hub's servers. null: there is no Kubernetes, or it cannot be seen now. */
  readonly pods: readonly ClusterPod[] | null;
  /** All pods that are known to hold something of a node: those of other namespaces too, where they may be read. */
  readonly occupants: readonly ClusterPod[] | null;
  /** null: nodes may not be read, or cannot be seen now. */
  readonly nodes: readonly ClusterNode[] | null;
  /** Nodes are meant to be read: when they cannot be seen, no number is better than a wrong one. */
  readonly nodesExpected: boolean;
}

/**
 * With nodes: allocatable of usable nodes that match the pool, minus what pods on them ask for.
 * With a capacity: that, minus sessions or pods, whichever are more (an admission has no pod yet; a pod that ends has no session any more).
 * With both: the smaller number, since both bind.
 */
export function countFreeGpus(facts: PoolFacts): ReadonlyMap<string, PoolState> {
  const byPool = Map.groupBy(facts.pods ?? [], (pod) => poolOf(facts.pools, pod)?.name ?? null);
  const holding = (facts.occupants ?? []).filter((pod) => !pod.placeholder);
  const onNode = Map.groupBy(holding, (pod) => pod.nodeName);
  return new Map(
    facts.pools.map((pool) => {
      const own = byPool.get(pool.name) ?? [];
      const waiting = own.filter(({ wait, ending }) => wait?.kind === 'unschedulable' && !ending).length;
      return [pool.name, { gpus: freeOf(pool, own, onNode, facts), waiting }];
    }),
  );
}

function freeOf(
  pool: Pool,
  own: readonly ClusterPod[],
  onNode: ReadonlyMap<string | null, readonly ClusterPod[]>,
  { sessionGpus, replaced, nodes, occupants, nodesExpected }: PoolFacts,
): FreeGpus | null {
  if (nodesExpected && (nodes === null || occupants === null)) return null;
  const fromNodes = nodes && freeOnNodes(pool, nodes, onNode);
  if (pool.capacity === null) return fromNodes;
  const others = own.filter(({ server }) => !isSameServer(server, replaced));
  const taken = Math.max(sessionGpus.get(pool.name) ?? 0, gpusOf(pool, others));
  const free = Math.max(0, pool.capacity - taken);
  return {
    free: Math.min(free, fromNodes?.free ?? free),
    total: pool.capacity,
    largest: fromNodes && Math.min(free, fromNodes.largest),
  };
}

function freeOnNodes(
  pool: Pool,
  nodes: readonly ClusterNode[],
  onNode: ReadonlyMap<string | null, readonly ClusterPod[]>,
): { readonly free: number; readonly total: number; readonly largest: number } {
  let free = 0;
  let total = 0;
  let largest = 0;
  for (const node of nodes) {
    const has = node.allocatable[pool.resource] ?? 0;
    if (has === 0 || !node.usable || !selects(pool.nodeSelector, node.labels)) continue;
    if (!toleratesAll(pool.tolerations, node.taints)) continue;
    const left = Math.max(0, has - gpusOf(pool, onNode.get(node.name) ?? []));
    total += has;
    free += left;
    largest = Math.max(largest, left);
  }
  return { free, total, largest };
}

const gpusOf = (pool: Pool, pods: readonly ClusterPod[]): number =>
  pods.reduce((sum, pod) => sum + (pod.requests[pool.resource] ?? 0), 0);

/** The hub folds names to lower case. */
const isSameServer = (a: ClusterPod['server'], b: PoolFacts['replaced']): boolean =>
  a !== null && a.hubUsername.toLowerCase() === b.hubUsername.toLowerCase() && a.serverName === b.serverName;

/** The pool whose resource the pod asks for and whose selector is within its own; of several the most exact one. */
function poolOf(pools: readonly Pool[], pod: ClusterPod): Pool | null {
  const exactness = (pool: Pool): number => Object.keys(pool.nodeSelector).length;
  return pools
    .filter((pool) => (pod.requests[pool.resource] ?? 0) > 0 && selects(pool.nodeSelector, pod.nodeSelector))
    .reduce<Pool | null>((best, pool) => (best === null || exactness(pool) > exactness(best) ? pool : best), null);
}
