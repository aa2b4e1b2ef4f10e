// What the chart renders: its config loads, its pods have what they need and no more, nothing secret lies open.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVICES, type ServiceName } from '../../src/config/config.ts';
import { resolveConfig } from '../../src/config/load-config.ts';
import { FULL, MINIMAL, QUICK } from './chart-values.ts';
import { type Chart, find, findHelm, type KubernetesObject, openChart, podTemplates } from './helm.ts';
import { configText, environmentOf, ourPods } from './rendered.ts';

const helm = findHelm();
let chart: Chart;
let minimal: readonly KubernetesObject[];
let full: readonly KubernetesObject[];
let small: readonly KubernetesObject[];
beforeAll(async () => {
  if (!helm) return;
  chart = openChart(helm);
  minimal = await chart.render(MINIMAL);
  full = await chart.render(FULL);
  small = await chart.render({ ...QUICK, mode: 'all-in-one' });
});
afterAll(() => chart?.remove());

describe.skipIf(!helm)('the rendered config', () => {
  it.each(SERVICES)('loads for %s with the environment of its own pod, minimal and full', (service: ServiceName) => {
    for (const objects of [minimal, full]) {
      const { config } = resolveConfig(configText(objects), environmentOf(objects, `camp-${service}`), [service]);
      expect(config.bridge.publicUrl).toBe('https://signin.uni.test');
      expect(config.internal.moodleSyncUrl).toBe('http://camp-moodle-sync:8081');
    }
  });

  it('loads for all-in-one', () => {
    const { secrets } = resolveConfig(configText(small), environmentOf(small, 'camp-all-in-one'), SERVICES);
    expect(secrets.databaseUrl).toMatch(/^postgresql:\/\/coursehub:\w{43}@camp-postgresql:5432\/coursehub$/);
  });

  it("keeps what the operator wrote, and knows the hub's address with its path", () => {
    const { config } = resolveConfig(configText(full), { DATABASE_URL: 'postgresql://x' }, []);
    expect(config.hub).toMatchObject({
      publicUrl: 'https://hub.uni.test/jupyter',
      apiUrl: 'http://hub:8081/jupyter/hub/api',
      requestTimeoutSeconds: 15,
    });
    expect(config.bridge.clients).toEqual([
      { id: 'jupyterhub', redirectUris: ['https://hub.uni.test/jupyter/hub/oauth_callback'], scopes: ['profile'] },
      {
        id: 'grafana',
        redirectUris: ['https://grafana.uni.test/login/generic_oauth'],
        scopes: ['profile', 'groups'],
      },
    ]);
    // Helm's pitfalls: large numbers, nulls that mean "never", times without quotes.
    expect(config.bridge.operators).toEqual(['12345678']);
    expect(config.rules[0]?.profile.idle.idleAfterSeconds).toBeNull();
    expect(config.rules[0]?.opensAt?.toISOString()).toBe('2026-10-12T06:00:00.000Z');
    expect(config.kubernetes).toMatchObject({
      namespace: 'campus',
      podSelector: 'component=singleuser-server,release=camp',
    });
  });

  it('leaves Kubernetes out when the operator says so: no Role, no token in any pod', async () => {
    const objects = await chart.render({ ...QUICK, config: { ...QUICK.config, kubernetes: null } });
    expect(objects.filter((object) => object.metadata.name === 'camp-read-pods')).toEqual([]);
    expect(ourPods(objects).filter(({ spec }) => spec.automountServiceAccountToken !== false)).toEqual([]);
    expect(configText(objects)).toContain('kubernetes: null');
  });
});

describe.skipIf(!helm)('pods', () => {
  it('fit the Pod Security level `restricted`, write nowhere but in volumes, and name their resources', () => {
    for (const { owner, spec } of [...ourPods(minimal), ...ourPods(full), ...ourPods(small)]) {
      expect(spec.securityContext, owner).toMatchObject({
        runAsNonRoot: true,
        runAsUser: expect.any(Number),
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(spec.enableServiceLinks, owner).toBe(false);
      for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
        expect(container.securityContext, owner).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources.requests?.memory && container.resources.limits?.memory, owner).toBeTruthy();
      }
      for (const volume of spec.volumes ?? []) expect(volume.hostPath, owner).toBeUndefined();
    }
  });

  it('have two replicas, a budget, a spread and probes on the ops port', () => {
    for (const service of SERVICES) {
      const deployment = find(minimal, 'Deployment', `camp-${service}`);
      expect(deployment['spec'].replicas).toBe(2);
      expect(find(minimal, 'PodDisruptionBudget', `camp-${service}`)['spec'].maxUnavailable).toBe(1);
      const { spec } = deployment['spec'].template;
      expect(spec.topologySpreadConstraints[0].topologyKey).toBe('kubernetes.io/hostname');
      const [container] = spec.containers;
      expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'ops' });
      expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'ops' });
      expect(container.args).toEqual([`services/${service}/main.ts`, '--config', '/etc/coursehub/config.yaml']);
      expect(spec.initContainers[0].args.slice(0, 2)).toEqual(['services/admin/main.ts', 'migrate']);
    }
    expect(small.filter(({ kind }) => kind === 'PodDisruptionBudget')).toEqual([]);
  });

  it('run under an account each; two of them may list and watch pods of their namespace, and nothing else', () => {
    const accounts = ourPods(minimal).flatMap(({ spec }) => spec.serviceAccountName ?? []);
    for (const service of SERVICES) expect(accounts.filter((name) => name === `camp-${service}`)).toHaveLength(1);
    const withToken = ourPods(minimal).filter(({ spec }) => spec.automountServiceAccountToken !== false);
    expect(withToken.map(({ owner }) => owner)).toEqual(['camp-course-profiles', 'camp-idle-culler']);
    const roles = minimal.filter(
      ({ kind, metadata }) => kind.endsWith('Role') && metadata.labels?.['app.kubernetes.io/name'] === 'coursehub',
    );
    expect(roles.map((role) => [role.kind, role['rules']])).toEqual([
      ['Role', [{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] }]],
    ]);
    const binding = find(minimal, 'RoleBinding', 'camp-read-pods');
    expect(binding['subjects'].map(({ name }: { name: string }) => name)).toEqual([
      'camp-course-profiles',
      'camp-idle-culler',
    ]);
    expect(minimal.filter(({ kind }) => kind.startsWith('Cluster'))).toEqual([]);
  });

  it('get new ones when the configuration changes, and the database does not with a new version', async () => {
    const other = await chart.render({
      ...QUICK,
      config: { ...QUICK.config, site: { name: 'Other', timeZone: 'Europe/Berlin' } },
    });
    const sum = (objects: readonly KubernetesObject[], owner: string) =>
      podTemplates(objects).find((pod) => pod.owner === owner)?.annotations['checksum/config'];
    expect(sum(other, 'camp-moodle-sync')).not.toBe(sum(minimal, 'camp-moodle-sync'));
    const database = podTemplates(minimal).find((pod) => pod.kind === 'StatefulSet');
    expect(JSON.stringify(database)).not.toContain('0.1.0');
  });
});

describe.skipIf(!helm)('addresses', () => {
  const hosts = (objects: readonly KubernetesObject[], kind: string) =>
    objects
      .filter((object) => object.kind === kind)
      .map((object) => object['spec'].hostnames ?? object['spec'].rules.map(({ host }: { host: string }) => host));

  it('by Ingress: bridge and hub with their subdomains, certificates by cert-manager', () => {
    expect(hosts(full, 'Ingress')).toEqual([['signin.uni.test'], ['hub.uni.test', '*.hub.uni.test']]);
    const hub = find(full, 'Ingress', 'camp-hub');
    expect(hub.metadata.annotations).toEqual({ 'cert-manager.io/cluster-issuer': 'letsencrypt' });
    expect(hub['spec'].rules[0].http.paths[0]).toMatchObject({
      path: '/jupyter/',
      backend: { service: { name: 'proxy-public' } },
    });
    expect(find(full, 'Service', 'camp-public')['spec']).toMatchObject({
      type: 'NodePort',
      ports: [{ port: 8080, nodePort: 30081 }],
    });
  });

  it('by HTTPRoute', async () => {
    const objects = await chart.render({ ...QUICK, httpRoute: { enabled: true, parentRefs: [{ name: 'public' }] } });
    expect(hosts(objects, 'HTTPRoute')).toEqual([['signin.uni.test'], ['hub.uni.test', '*.hub.uni.test']]);
    expect(find(objects, 'HTTPRoute', 'camp-bridge')['spec'].rules[0].backendRefs).toEqual([
      { name: 'camp-oauth-bridge', port: 8080 },
    ]);
  });

  it('only the public port is led outside, whatever way', () => {
    const outside = full.filter(
      ({ kind, ...object }) => kind === 'Service' && object['spec'].type && object['spec'].type !== 'ClusterIP',
    );
    expect(outside.flatMap((service) => service['spec'].ports.map((port: { port: number }) => port.port))).toEqual([
      8080,
    ]);
    for (const ingress of full.filter(({ kind }) => kind === 'Ingress'))
      expect(JSON.stringify(ingress)).not.toMatch(/internal|8081|8082/);
  });

  it('a hub without subdomains gets the header rules of ingress-nginx', async () => {
    const objects = await chart.render({
      ...QUICK,
      jupyterhub: {},
      ingress: { enabled: true, pathHubRules: 'nginx' },
    });
    const rules = Object.fromEntries(
      objects
        .filter(({ kind, metadata }) => kind === 'Ingress' && metadata.name.startsWith('camp-hub-'))
        .map((ingress) => [
          ingress['spec'].rules[0].http.paths.map(({ path }: { path: string }) => path).join(' '),
          ingress.metadata.annotations?.['nginx.ingress.kubernetes.io/configuration-snippet'],
        ]),
    );
    expect(rules).toEqual({
      '/user/': 'more_clear_headers "Service-Worker-Allowed" "Cross-Origin-Opener-Policy";',
      '/hub/': expect.stringContaining('return 403'),
      '/hub/api /hub/static /hub/logo': 'more_set_headers "Cross-Origin-Opener-Policy: same-origin";',
    });
  });
});

describe.skipIf(!helm)('images of profiles', () => {
  it('are pulled to the nodes of their pool', () => {
    const [cpu, gpu] = [find(full, 'DaemonSet', 'camp-images-cpu'), find(full, 'DaemonSet', 'camp-images-pool-h100')];
    expect(cpu['spec'].template.spec.initContainers.map(({ image }: { image: string }) => image)).toEqual([
      'registry.test/cpu:1',
    ]);
    expect(gpu['spec'].template.spec).toMatchObject({
      nodeSelector: { gpu: 'h100' },
      initContainers: [{ image: 'registry.test/gpu:1' }],
    });
    expect(gpu['spec'].template.spec.tolerations).toContainEqual({ key: 'nvidia.com/gpu', operator: 'Exists' });
  });
});

describe.skipIf(!helm)('two releases', () => {
  it("in two namespaces share no cluster-wide name and select none of the other's pods", async () => {
    const other = await chart.render(QUICK, { release: 'lab', namespace: 'lab' });
    const selectors = JSON.stringify(
      other.flatMap((object) => object['spec']?.selector ?? object['spec']?.podSelector ?? []),
    );
    expect(selectors).not.toContain('camp');
    const clusterWide = other.filter(({ kind }) => /^(Cluster|PriorityClass|StorageClass|CustomResource)/.test(kind));
    expect(clusterWide).toEqual([]);
  });
});
