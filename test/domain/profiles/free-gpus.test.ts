// How many GPUs of a pool are free, from what may be known.
import { describe, expect, it } from 'vitest';
import {
  countFreeGpus,
  type FreeGpus,
  type PoolFacts,
  type PoolState,
} from '../../../src/domain/profiles/free-gpus.ts';
import { aNode, aPod, aPool, aWaitingPod } from '../builders.ts';

const stateOf = (change: Partial<PoolFacts>, pool = 'gpu'): PoolState => {
  const facts: PoolFacts = {
    pools: [aPool()],
    sessionGpus: new Map(),
    replaced: { hubUsername: 'me', serverName: '' },
    pods: null,
    occupants: change.pods ?? null,
    nodes: null,
    nodesExpected: change.nodes !== undefined,
    ...change,
  };
  const state = countFreeGpus(facts).get(pool);
  if (!state) throw new Error(`no pool ${pool}`);
  return state;
};
const gpusOf = (change: Partial<PoolFacts>, pool?: string): FreeGpus | null => stateOf(change, pool).gpus;
const pods = (count: number, change = {}) =>
  Array.from({ length: count }, (_, index) =>
    aPod({ name: `p${index}`, server: { hubUsername: `u${index}`, serverName: '' }, ...change }),
  );

describe('with nodes', () => {
  it('is what usable nodes have, less what pods on them ask for', () => {
    const nodes = [
      aNode(),
      aNode({ name: 'gpu-2', allocatable: { 'nvidia.com/gpu': 4 } }),
      aNode({ name: 'cpu', allocatable: {} }),
    ];
    const taken = [
      ...pods(6),
      aPod({ nodeName: 'gpu-2', requests: { 'nvidia.com/gpu': 3 } }),
      aPod({ nodeName: 'gone' }),
    ];
    expect(gpusOf({ nodes, pods: taken })).toEqual({ free: 3, total: 12, largest: 2 });
  });
  it.each([
    ['not ready or cordoned', aNode({ usable: false }), aPool()],
    ['outside of the selector', aNode({ labels: { gpu: 'a100' } }), aPool({ nodeSelector: { gpu: 'h100' } })],
    ['without the resource', aNode({ allocatable: { 'amd.com/gpu': 8 } }), aPool()],
    [
      'with a taint that the pool does not tolerate',
      aNode({ taints: [{ key: 'gpu', value: 'x', effect: 'NoSchedule' }] }),
      aPool(),
    ],
  ])('leaves out a node %s', (_, node, pool) => {
    expect(gpusOf({ nodes: [node], pods: [], pools: [pool] })).toEqual({ free: 0, total: 0, largest: 0 });
  });
  it.each([
    { key: 'gpu', operator: 'Exists' as const },
    { key: 'gpu', value: 'x' },
    { key: 'gpu', operator: 'Equal' as const, value: 'x', effect: 'NoSchedule' as const },
    { operator: 'Exists' as const },
  ])('counts a tainted node for a pool that tolerates it: %o', (toleration) => {
    const node = aNode({ taints: [{ key: 'gpu', value: 'x', effect: 'NoSchedule' }] });
    expect(gpusOf({ nodes: [node], pods: [], pools: [aPool({ tolerations: [toleration] })] })?.free).toBe(8);
  });
  it.each([
    { key: 'gpu', operator: 'Equal' as const, value: 'y' },
    { key: 'gpu', operator: 'Exists' as const, effect: 'NoExecute' as const },
    { key: 'other', operator: 'Exists' as const },
  ])('does not when it tolerates something else: %o', (toleration) => {
    const node = aNode({ taints: [{ key: 'gpu', value: 'x', effect: 'NoSchedule' }] });
    expect(gpusOf({ nodes: [node], pods: [], pools: [aPool({ tolerations: [toleration] })] })?.total).toBe(0);
  });
  it('knows the taint that z2jh lets every user pod tolerate', () => {
    const node = aNode({ taints: [{ key: 'hub.jupyter.org/dedicated', value: 'user', effect: 'NoSchedule' }] });
    expect(gpusOf({ nodes: [node], pods: [] })?.total).toBe(8);
  });
  it('counts a pod that ends, since it still holds its GPU, and no placeholder, since it yields', () => {
    expect(gpusOf({ nodes: [aNode()], pods: [aPod({ ending: true }), aPod({ placeholder: true })] })?.free).toBe(7);
  });
  it('counts pods of other namespaces where they are known', () => {
    expect(gpusOf({ nodes: [aNode()], pods: pods(1), occupants: pods(5, { namespace: 'other' }) })?.free).toBe(3);
  });
  it('never goes below nothing when a node lost cards', () => {
    expect(gpusOf({ nodes: [aNode({ allocatable: { 'nvidia.com/gpu': 2 } })], pods: pods(5) })).toEqual({
      free: 0,
      total: 2,
      largest: 0,
    });
  });
  it('says nothing while nodes or pods cannot be seen', () => {
    expect(gpusOf({ nodes: null, nodesExpected: true, pods: [] })).toBeNull();
    expect(gpusOf({ nodes: [aNode()], pods: null })).toBeNull();
    expect(gpusOf({ nodes: null, nodesExpected: true, pods: [], pools: [aPool({ capacity: 8 })] })).toBeNull();
  });
});

describe('with a capacity', () => {
  const pools = [aPool({ capacity: 8 })];
  it('is the capacity less open sessions, with or without Kubernetes', () => {
    expect(gpusOf({ pools, sessionGpus: new Map([['gpu', 5]]) })).toEqual({ free: 3, total: 8, largest: null });
  });
  it('counts sessions or pods, whichever are more', () => {
    expect(gpusOf({ pools, sessionGpus: new Map([['gpu', 2]]), pods: pods(6) })?.free).toBe(2);
    expect(gpusOf({ pools, sessionGpus: new Map([['gpu', 7]]), pods: pods(6) })?.free).toBe(1);
  });
  it('leaves out the pod of the server that the start replaces, and nobody else’s', () => {
    const own = aPod({ server: { hubUsername: 'Me', serverName: '' } });
    const named = aPod({ server: { hubUsername: 'me', serverName: 'two' } });
    const other = aPod({ server: { hubUsername: 'mei', serverName: '' } });
    expect(gpusOf({ pools, pods: [own, named, other] })?.free).toBe(6);
  });
  it('is never more than what nodes have', () => {
    expect(gpusOf({ pools, nodes: [aNode({ allocatable: { 'nvidia.com/gpu': 4 } })], pods: pods(3) })).toEqual({
      free: 1,
      total: 8,
      largest: 1,
    });
    expect(gpusOf({ pools, nodes: [aNode({ allocatable: { 'nvidia.com/gpu': 16 } })], pods: pods(3) })).toEqual({
      free: 5,
      total: 8,
      largest: 5,
    });
  });
  it('gives a pod to the pool whose selector fits best', () => {
    const two = [
      aPool({ name: 'any', capacity: 8 }),
      aPool({ name: 'h100', capacity: 8, nodeSelector: { gpu: 'h100' } }),
    ];
    const mixed = [
      aPod({ nodeSelector: { gpu: 'h100', zone: 'b' } }),
      aPod({ nodeSelector: { zone: 'b' } }),
      aPod({ requests: { 'amd.com/gpu': 1 } }),
    ];
    expect(gpusOf({ pools: two, pods: mixed }, 'any')?.free).toBe(7);
    expect(gpusOf({ pools: two, pods: mixed }, 'h100')?.free).toBe(7);
  });
});

describe('without both', () => {
  it('says nothing of GPUs, but how many wait', () => {
    const waits = aWaitingPod('0/2 nodes are available: 2 Insufficient nvidia.com/gpu.');
    expect(stateOf({ pods: [waits, aPod(), { ...waits, ending: true }] })).toEqual({ gpus: null, waiting: 1 });
  });
});
