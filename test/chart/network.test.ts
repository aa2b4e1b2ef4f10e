// The table of who may reach whom, computed from the policies that the chart and the stand-in for z2jh render.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FULL, QUICK } from './chart-values.ts';
import { type Chart, findHelm, type KubernetesObject, openChart, podTemplates } from './helm.ts';
import { createReachability, type NetworkPod, type OutsideAddress } from './reachability.ts';

const helm = findHelm();
let chart: Chart;
beforeAll(() => {
  if (helm) chart = openChart(helm);
});
afterAll(() => chart?.remove());

const NAMESPACE = 'campus';
/** Pods that no chart of ours makes. */
const OTHERS: readonly NetworkPod[] = [
  {
    name: 'server',
    namespace: NAMESPACE,
    labels: {
      app: 'jupyterhub',
      component: 'singleuser-server',
      release: 'camp',
      'hub.jupyter.org/network-access-hub': 'true',
    },
    ports: { 'notebook-port': 8888 },
  },
  { name: 'stranger', namespace: NAMESPACE, labels: { app: 'stranger' } },
  {
    name: 'other release',
    namespace: 'lab',
    labels: { 'app.kubernetes.io/name': 'coursehub', 'app.kubernetes.io/instance': 'lab' },
  },
  { name: 'prometheus', namespace: 'monitoring', labels: { app: 'prometheus' } },
  { name: 'ingress', namespace: 'ingress-nginx', labels: { app: 'ingress-nginx' } },
  { name: 'moodle pod', namespace: 'moodle', labels: { app: 'moodle' } },
  { name: 'operator', namespace: NAMESPACE, labels: { role: 'operator' } },
  { name: 'dns', namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
];
const MOODLE: OutsideAddress = { outside: '192.0.2.10' };

function podsOf(objects: readonly KubernetesObject[]): readonly NetworkPod[] {
  const ours = podTemplates(objects).map(({ owner, labels, spec }) => ({
    name: owner.replace(/^camp-/, ''),
    namespace: NAMESPACE,
    labels,
    ports: Object.fromEntries(
      spec.containers.flatMap((container: { ports?: { name: string; containerPort: number }[] }) =>
        (container.ports ?? []).map(({ name, containerPort }) => [name, containerPort] as const),
      ),
    ),
  }));
  return [...ours, ...OTHERS];
}

/** `to:port` -> who reaches it, for every port that somebody listens on. */
async function table(values: object): Promise<Record<string, string>> {
  const objects = await chart.render(values);
  const reaches = createReachability(
    objects.filter(({ kind }) => kind === 'NetworkPolicy'),
    NAMESPACE,
  );
  const pods = podsOf(objects);
  const targets: (readonly [string, NetworkPod | OutsideAddress, number])[] = pods
    .filter(({ name }) => !['test', 'backup', 'images-cpu'].includes(name))
    .flatMap((pod) => Object.values(pod.ports ?? {}).map((port) => [`${pod.name}:${port}`, pod, port] as const));
  targets.push(['outside:443', MOODLE, 443], ['outside:22', MOODLE, 22], ['outside:6443', MOODLE, 6443]);
  for (const [name, port] of [
    ['dns', 53],
    ['moodle pod', 8443],
    ['prometheus', 9090],
  ] as const) {
    const pod = OTHERS.find((other) => other.name === name);
    if (pod) targets.push([`${name}:${port}`, pod, port]);
  }
  const insiders = pods.filter(
    ({ namespace, name }) => namespace === NAMESPACE || ['prometheus', 'ingress', 'other release'].includes(name),
  );
  return Object.fromEntries(
    targets.map(([label, target, port]) => [
      label,
      insiders
        .filter((pod) => pod !== target && reaches(pod, target, port))
        .map(({ name }) => name)
        .join(', '),
    ]),
  );
}

describe.skipIf(!helm)('who may reach whom', () => {
  it('with four services', async () => {
    expect(await table(QUICK)).toMatchInlineSnapshot(`
      {
        "course-profiles:8081": "hub",
        "course-profiles:8082": "test, prometheus",
        "dns:53": "hub, proxy, oauth-bridge, course-profiles, moodle-sync, idle-culler, backup, test, server, stranger, other release, prometheus, ingress, operator",
        "hub:8081": "proxy, idle-culler, server",
        "idle-culler:8082": "test, prometheus",
        "moodle pod:8443": "stranger, other release, prometheus, ingress, operator",
        "moodle-sync:8081": "oauth-bridge",
        "moodle-sync:8082": "test, prometheus",
        "oauth-bridge:8080": "hub, test, stranger, other release, prometheus, ingress, operator",
        "oauth-bridge:8082": "test, prometheus",
        "outside:22": "hub, server, stranger, other release, prometheus, ingress, operator",
        "outside:443": "hub, oauth-bridge, course-profiles, moodle-sync, idle-culler, server, stranger, other release, prometheus, ingress, operator",
        "outside:6443": "hub, course-profiles, idle-culler, server, stranger, other release, prometheus, ingress, operator",
        "postgresql:5432": "oauth-bridge, course-profiles, moodle-sync, idle-culler, backup, test",
        "prometheus:9090": "stranger, other release, ingress, operator",
        "proxy:8000": "test, server, stranger, other release, prometheus, ingress, operator",
        "proxy:8001": "hub",
        "server:8888": "hub, proxy",
      }
    `);
  });
  it('with all-in-one', async () => {
    expect(await table({ ...QUICK, mode: 'all-in-one' })).toMatchInlineSnapshot(`
      {
        "all-in-one:8080": "hub, test, stranger, other release, prometheus, ingress, operator",
        "all-in-one:8081": "hub",
        "all-in-one:8082": "test, prometheus",
        "dns:53": "hub, proxy, all-in-one, backup, test, server, stranger, other release, prometheus, ingress, operator",
        "hub:8081": "proxy, all-in-one, server",
        "moodle pod:8443": "stranger, other release, prometheus, ingress, operator",
        "outside:22": "hub, server, stranger, other release, prometheus, ingress, operator",
        "outside:443": "hub, all-in-one, server, stranger, other release, prometheus, ingress, operator",
        "outside:6443": "hub, all-in-one, server, stranger, other release, prometheus, ingress, operator",
        "postgresql:5432": "all-in-one, backup, test",
        "prometheus:9090": "stranger, other release, ingress, operator",
        "proxy:8000": "test, server, stranger, other release, prometheus, ingress, operator",
        "proxy:8001": "hub",
        "server:8888": "hub, proxy",
      }
    `);
  });
  it('with a Moodle inside the cluster, operators and Prometheus', async () => {
    expect(await table(FULL)).toMatchInlineSnapshot(`
      {
        "course-profiles:8081": "hub",
        "course-profiles:8082": "test, prometheus",
        "dns:53": "hub, proxy, oauth-bridge, course-profiles, moodle-sync, idle-culler, backup, test, server, stranger, other release, prometheus, ingress, operator",
        "hub:8081": "proxy, idle-culler, server",
        "idle-culler:8082": "test, prometheus",
        "moodle pod:8443": "oauth-bridge, moodle-sync, stranger, other release, prometheus, ingress, operator",
        "moodle-sync:8081": "oauth-bridge, operator",
        "moodle-sync:8082": "test, prometheus",
        "oauth-bridge:8080": "hub, test, stranger, other release, prometheus, ingress, operator",
        "oauth-bridge:8082": "test, prometheus",
        "outside:22": "hub, server, stranger, other release, prometheus, ingress, operator",
        "outside:443": "hub, course-profiles, idle-culler, server, stranger, other release, prometheus, ingress, operator",
        "outside:6443": "hub, course-profiles, idle-culler, server, stranger, other release, prometheus, ingress, operator",
        "postgresql:5432": "oauth-bridge, course-profiles, moodle-sync, idle-culler, backup, test",
        "prometheus:9090": "idle-culler, stranger, other release, ingress, operator",
        "proxy:8000": "test, server, stranger, other release, prometheus, ingress, operator",
        "proxy:8001": "hub",
        "server:8888": "hub, proxy",
      }
    `);
  });

  it('without policies everybody may', async () => {
    const objects = await chart.render({ ...QUICK, networkPolicy: { enabled: false } });
    const ours = objects.filter(
      ({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.labels?.['app.kubernetes.io/name'] === 'coursehub',
    );
    expect(ours).toEqual([]);
  });
});
