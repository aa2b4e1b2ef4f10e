// The view of the cluster when the apiserver refuses: what is said, to whom, and that nothing else stops.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { FakeApiserver } from './fake-apiserver.ts';
import { openBenchView, type ViewBench } from './view-bench.ts';

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

describe('what is not allowed', () => {
  it('is said with what to do, and works once it is allowed', async () => {
    api.deny('list', 'pods');
    const view = open();
    const sentence = await eventually(() => view.missing()?.includes('does not let') && view.missing(), 'the refusal');
    expect(sentence).toBe(
      'Kubernetes does not let this service list pods in the namespace campus: give its ServiceAccount a Role there with the verbs list and watch on pods. Kubernetes says: pods is forbidden: User "system:serviceaccount:campus:course-profiles" cannot list resource "pods" in API group "" in the namespace "campus"',
    );
    expect(view.pods()).toBeNull();
    await eventually(() => api.lists('pods') > 2, 'further tries');
    expect(view.log.filter(({ fault }) => fault === 'denied')).toHaveLength(1);
    expect(await view.metric('coursehub_kubernetes_faults_total', { list: 'pods', fault: 'denied' })).toBeGreaterThan(
      1,
    );
    api.allow('list', 'pods');
    await follows(view);
  });

  it('names nodes and the switch that leaves them out; pods are seen all the same', async () => {
    api.deny('list', 'nodes');
    const view = open({ nodes: true });
    await eventually(() => view.missing()?.includes('kubernetes.nodes: false'), 'the refusal');
    await eventually(() => view.pods(), 'the pods');
    expect(view.nodes()).toBeNull();
  });

  it('may be the watch alone: the list is not believed for long', async () => {
    api.deny('watch', 'pods');
    const view = open();
    await eventually(
      () => view.log.some(({ cause }) => String(cause).includes('watch pods in the namespace campus')),
      'the log',
    );
    await eventually(() => view.pods() === null, 'no numbers', 8_000);
  });

  it('is taken away at run time without making the service unready', async () => {
    const view = open();
    await follows(view);
    api.deny('list', 'pods');
    api.deny('watch', 'pods');
    api.dropWatches('end');
    await eventually(() => view.log.some(({ fault }) => fault === 'denied'), 'the log');
    expect(view.missing()).toBeNull();
  });

  it('is an unknown token', async () => {
    const view = open({ kubeconfigFile: api.kubeconfig('stolen') });
    await eventually(() => view.missing()?.includes('does not know the token'), 'the refusal');
    expect(JSON.stringify(view.log)).not.toContain('stolen');
  });

  it('refuses the start without credentials, with a sentence', () => {
    expect(() => open({ kubeconfigFile: '/nowhere/config' })).toThrow(
      /kubeconfig file \/nowhere\/config of KUBECONFIG cannot be read/,
    );
  });
});
