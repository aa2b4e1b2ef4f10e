// The view of the cluster against a small apiserver on a socket: what it keeps, how fast, and what it does after each fault.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { FakeApiserver } from './fake-apiserver.ts';
import { openBenchView, type ViewBench } from './view-bench.ts';
import { wireNode, wirePod } from './wire-objects.ts';

let api: FakeApiserver;
let views: ViewBench[];
beforeEach(async () => {
  api = new FakeApiserver();
  views = [];
  await api.start();
});
afterEach(async () => {
  await Promise.all(views.map((view) => view.stop()));
  await api.remove();
});

const open = (change: Parameters<typeof openBenchView>[1] = {}): ViewBench => {
  const view = openBenchView(api, change);
  views.push(view);
  return view;
};
const follows = (view: ViewBench) => eventually(() => view.missing() === null && api.watches > 0, 'the first list');
const names = (view: ViewBench): string[] | undefined =>
  view
    .pods()
    ?.map(({ name }) => name)
    .sort();
/** The form may be 2 s behind. */
const soon = (probe: () => boolean, what: string) => eventually(probe, what, 2_000);

describe('what is kept', () => {
  it('is who owns each single-user pod, by annotation, and what it holds', async () => {
    api.put('pods', wirePod('jupyter-x-1', { user: 'ann', gpus: 2, session: 's1', nodeSelector: { gpu: 'h100' } }));
    api.put('pods', wirePod('jupyter-x-2', { user: 'anna', server: 'two' }));
    api.put('pods', wirePod('hub', { component: 'hub' }));
    api.put('pods', wirePod('jupyter-far', { user: 'far', namespace: 'elsewhere' }));
    api.put('pods', wirePod('jupyter-over', { user: 'over', phase: 'Succeeded' }));
    const view = open();
    await follows(view);
    expect(names(view)).toEqual(['jupyter-x-1', 'jupyter-x-2']);
    expect(view.pods()?.[0]).toEqual({
      namespace: 'campus',
      name: 'jupyter-x-1',
      server: { hubUsername: 'ann', serverName: '' },
      sessionId: 's1',
      requests: { 'nvidia.com/gpu': 2 },
      nodeSelector: { gpu: 'h100' },
      nodeName: 'gpu-1',
      createdAt: new Date('2026-11-25T08:00:00Z'),
      scheduledAt: new Date('2026-11-25T08:00:02Z'),
      ending: false,
      placeholder: false,
      wait: null,
    });
    expect(view.pods()?.[1]?.server).toEqual({ hubUsername: 'anna', serverName: 'two' });
    expect(view.nodes()).toBeNull();
  });

  it('is why a pod waits', async () => {
    const message = '0/2 nodes are available: 2 Insufficient nvidia.com/gpu.';
    api.put('pods', wirePod('a', { user: 'a', unschedulable: message }));
    api.put('pods', wirePod('b', { user: 'b', imageFault: 'Back-off pulling image' }));
    const view = open();
    await follows(view);
    expect(view.pods()?.map(({ wait }) => wait)).toEqual([
      { kind: 'unschedulable', message, since: new Date('2026-11-25T08:00:01Z') },
      { kind: 'image', message: 'Back-off pulling image', since: new Date('2026-11-25T08:00:02Z') },
    ]);
    expect(view.pods()?.[0]).toMatchObject({ nodeName: null, scheduledAt: null });
  });

  it('is what nodes have and whom they take', async () => {
    api.put('nodes', wireNode('gpu-1', { labels: { gpu: 'h100' } }));
    api.put('nodes', wireNode('gpu-2', { ready: false }));
    api.put('nodes', wireNode('gpu-3', { cordoned: true }));
    api.put(
      'nodes',
      wireNode('gpu-4', {
        taints: [
          { key: 'gpu', effect: 'NoSchedule' },
          { key: 'soft', effect: 'PreferNoSchedule' },
        ],
      }),
    );
    const view = open({ nodes: true });
    await follows(view);
    expect(view.nodes()?.map(({ usable }) => usable)).toEqual([true, false, false, true]);
    expect(view.nodes()?.[0]).toEqual({
      name: 'gpu-1',
      labels: { gpu: 'h100', 'kubernetes.io/hostname': 'gpu-1' },
      usable: true,
      taints: [],
      allocatable: { 'nvidia.com/gpu': 8 },
    });
    expect(view.nodes()?.[3]?.taints).toEqual([{ key: 'gpu', value: '', effect: 'NoSchedule' }]);
  });

  it('is every pod that holds a GPU, where the whole cluster may be read', async () => {
    api.put('pods', wirePod('train', { namespace: 'research', component: 'job', gpus: 4 }));
    api.put('pods', wirePod('web', { namespace: 'research', component: 'web' }));
    api.put('pods', wirePod('mine', { user: 'ann', gpus: 1 }));
    const view = open({ nodes: true, otherPods: true });
    await follows(view);
    expect(names(view)).toEqual(['mine']);
    expect(
      view
        .occupants()
        ?.map(({ name }) => name)
        .sort(),
    ).toEqual(['mine', 'train']);
  });

  it('comes in pages', async () => {
    for (let index = 0; index < 120; index += 1) api.put('pods', wirePod(`p${index}`, { user: `u${index}` }));
    const view = open();
    await follows(view);
    expect(view.pods()).toHaveLength(120);
    expect(api.lists('pods')).toBe(3);
  });

  it('is listed anew when the snapshot of the pages expired on the way', async () => {
    for (let index = 0; index < 60; index += 1) api.put('pods', wirePod(`p${index}`, { user: `u${index}` }));
    api.expirePage = true;
    const view = open();
    await follows(view);
    expect(view.pods()).toHaveLength(60);
    expect(api.lists('pods')).toBe(4);
    expect(view.log).toEqual([]);
  });

  it('is without what cannot be read, which is said once', async () => {
    api.put('pods', { metadata: { name: 'odd', namespace: 'campus', labels: { component: 'singleuser-server' } } });
    api.put('pods', wirePod('good', { user: 'good' }));
    const view = open();
    await follows(view);
    expect(names(view)).toEqual(['good']);
    api.put('pods', { metadata: { name: 'odd', namespace: 'campus', labels: { component: 'singleuser-server' } } });
    api.sendRaw('not json\n');
    api.sendRaw('{"type":"ADDED","object":null}\n');
    api.put('pods', wirePod('next', { user: 'next' }));
    await soon(() => names(view)?.length === 2, 'the next pod');
    expect(view.log.filter(({ msg }) => String(msg).includes('cannot be read'))).toHaveLength(1);
    expect(await view.metric('coursehub_kubernetes_faults_total', { list: 'pods', fault: 'unreadable' })).toBe(2);
  });
});

describe('a change', () => {
  it('is seen within 2 s: new, changed, ended, gone', async () => {
    const view = open({ nodes: true });
    await follows(view);
    api.put('pods', wirePod('a', { user: 'a', unschedulable: 'full' }));
    await soon(() => view.pods()?.[0]?.wait?.message === 'full', 'the pod');
    api.put('pods', wirePod('a', { user: 'a', gpus: 1 }));
    await soon(() => view.pods()?.[0]?.wait === null, 'the scheduled pod');
    api.put('pods', wirePod('b', { user: 'b' }));
    await soon(() => names(view)?.length === 2, 'the second pod');
    api.put('pods', wirePod('a', { user: 'a', gpus: 1, phase: 'Failed' }));
    await soon(() => names(view)?.join() === 'b', 'the end of a pod');
    api.delete('pods', 'b', 'campus');
    await soon(() => names(view)?.length === 0, 'a pod that is gone');
    api.put('nodes', wireNode('gpu-1'));
    await soon(() => view.nodes()?.length === 1, 'the node');
    expect(api.lists('pods')).toBe(1);
  });
});

describe('a watch that ends', () => {
  it.each(['reset', 'end'] as const)('is taken up where it was (%s), without a list', async (how) => {
    const view = open();
    await follows(view);
    for (const name of ['a', 'b', 'c']) {
      await eventually(() => api.watches === 1, 'the watch');
      api.dropWatches(how);
      api.put('pods', wirePod(name, { user: name }));
      await soon(() => names(view)?.includes(name) === true, 'what happened meanwhile');
    }
    expect(api.lists('pods')).toBe(1);
    expect(view.missing()).toBeNull();
  });

  it('makes a new list when its version is too old: what has gone meanwhile is gone', async () => {
    api.put('pods', wirePod('old', { user: 'old' }));
    const view = open();
    await follows(view);
    api.dropWatches('end');
    api.delete('pods', 'old', 'campus');
    api.put('pods', wirePod('new', { user: 'new' }));
    api.compact();
    await soon(() => names(view)?.join() === 'new', 'the new list');
    expect(api.lists('pods')).toBe(2);
    expect(await view.metric('coursehub_kubernetes_lists_total', { list: 'pods' })).toBe(2);
  });

  it.each([410, 500])('goes on after an ERROR event %i', async (code) => {
    const view = open();
    await follows(view);
    api.failWatches(code, 'the event in requested index is outdated and cleared');
    api.put('pods', wirePod('next', { user: 'next' }));
    await soon(() => names(view)?.join() === 'next', 'the next pod');
  });

  it('notices within 30 s that nobody answers any more', async () => {
    const view = open();
    await follows(view);
    api.mute = true;
    api.dropWatches('reset');
    await eventually(() => view.pods() === null, 'no numbers');
    await eventually(
      () => view.log.some(({ cause }) => String(cause).includes('no answer in time')),
      'the log',
      40_000,
    );
    expect(await view.metric('coursehub_kubernetes_watch_up', { list: 'pods' })).toBe(0);
    api.mute = false;
    await eventually(() => view.pods(), 'the cluster again');
  }, 60_000);

  it('survives an apiserver that is down, hides what is old, and says both', async () => {
    api.put('pods', wirePod('a', { user: 'a' }));
    const view = open();
    await follows(view);
    await api.stop();
    await eventually(() => view.pods() === null, 'numbers that are not believed any more');
    expect(view.missing()).toBeNull();
    expect(view.log.filter(({ fault }) => fault === 'unreachable').length).toBeGreaterThan(0);
    expect(await view.metric('coursehub_kubernetes_watch_up', { list: 'pods' })).toBe(0);
    api.put('pods', wirePod('b', { user: 'b' }));
    await api.start();
    await eventually(() => names(view)?.join() === 'a,b', 'the cluster again');
    expect(view.log.at(-1)).toMatchObject({ msg: 'Kubernetes can be seen again', list: 'pods' });
    expect(await view.metric('coursehub_kubernetes_watch_up', { list: 'pods' })).toBe(1);
  });
});

it('stops: no watch, no further call', async () => {
  const view = open({ nodes: true });
  await follows(view);
  await view.stop();
  await eventually(() => api.watches === 0, 'closed watches');
  const before = api.requests.length;
  // Another view that comes to know a broken watch and follows again: the first would have been as quick.
  const other = open();
  await eventually(() => api.watches === 1, 'the other view');
  api.dropWatches('reset');
  api.put('pods', wirePod('late', { user: 'late' }));
  await eventually(() => names(other)?.join() === 'late', 'the other view again');
  expect(api.requests.slice(before).every(({ url }) => url.includes('/pods'))).toBe(true);
  expect(api.watches).toBe(1);
});
