// What the chart renders: its config loads, its pods have what they need and no more, nothing secret lies open.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVICES, type ServiceName } from '../../src/config/config.ts';
import { resolveConfig } from '../../src/config/load-config.ts';
import { FULL, GIVEN_SECRETS, MINIMAL, MOODLE_SECRETS, QUICK } from './chart-values.ts';
import { type Chart, find, findHelm, type KubernetesObject, openChart, podTemplates } from './helm.ts';

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

const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');

/** The environment of a container as the kubelet would make it: references to Secrets resolved, $(X) filled in. */
function environmentOf(objects: readonly KubernetesObject[], owner: string): Record<string, string> {
  const pod = podTemplates(objects).find((template) => template.owner === owner);
  const env: Record<string, string> = {};
  for (const { name, value, valueFrom } of pod?.spec.containers[0].env ?? []) {
    const ref = valueFrom?.secretKeyRef;
    if (ref) env[name] = decode(find(objects, 'Secret', ref.name)['data'][ref.key]);
    else if (value !== undefined) env[name] = value.replace(/\$\((\w+)\)/g, (_: string, key: string) => env[key]);
  }
  return env;
}

const configText = (objects: readonly KubernetesObject[]): string =>
  find(objects, 'ConfigMap', 'camp-config')['data']['config.yaml'];

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

const ourPods = (objects: readonly KubernetesObject[]) =>
  podTemplates(objects).filter(({ labels }) => labels['app.kubernetes.io/name'] === 'coursehub');

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

describe.skipIf(!helm)('secrets', () => {
  it('are made when they are missing, and work', () => {
    const own = find(minimal, 'Secret', 'camp-secrets')['data'];
    const hub = find(minimal, 'Secret', 'coursehub-hub')['data'];
    expect(Object.keys(own).sort()).toEqual([
      'COURSEHUB_KEYS',
      'INTERNAL_TOKEN_OAUTH_BRIDGE',
      'INTERNAL_TOKEN_OPERATOR',
      'MOODLE_OAUTH_CLIENT_SECRET',
      'MOODLE_TOKEN',
      'POSTGRES_PASSWORD',
    ]);
    expect(Object.keys(hub).sort()).toEqual(['INTERNAL_TOKEN_HUB', 'OIDC_CLIENT_SECRET_JUPYTERHUB']);
    const { secrets } = resolveConfig(configText(minimal), environmentOf(minimal, 'camp-oauth-bridge'), [
      'oauth-bridge',
    ]);
    expect(secrets.keys?.signing[0]).toMatchObject({
      kty: 'RSA',
      alg: 'RS256',
      kid: expect.stringMatching(/^[\w-]{16}$/),
    });
    expect(secrets.bridgeClientSecrets.get('jupyterhub')).toBe(decode(hub['OIDC_CLIENT_SECRET_JUPYTERHUB']));
  });

  it('are what was given, and rendering twice gives the same (Argo CD)', async () => {
    const again = await chart.render(FULL);
    const ours = (objects: readonly KubernetesObject[]) =>
      objects.filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === 'coursehub');
    expect(ours(again)).toEqual(ours(full));
    expect(decode(find(full, 'Secret', 'camp-secrets')['data']['OIDC_CLIENT_SECRET_GRAFANA'])).toBe(
      'given-oidc-grafana',
    );
  });

  it("of an existing Secret are only pointed at; HUB_API_TOKEN is in z2jh's own", async () => {
    const objects = await chart.render({
      ...MINIMAL,
      secrets: {
        existingSecret: 'campus',
        existingKeys: [
          'MOODLE_TOKEN',
          'MOODLE_OAUTH_CLIENT_SECRET',
          'COURSEHUB_KEYS',
          'DATABASE_URL',
          'INTERNAL_TOKEN_OAUTH_BRIDGE',
          'INTERNAL_TOKEN_OPERATOR',
        ],
        existingHubSecret: true,
        generate: false,
      },
      postgresql: { enabled: false },
    });
    expect(objects.filter(({ kind, metadata }) => kind === 'Secret' && metadata.name !== 'hub')).toEqual([]);
    const refs = ourPods(objects).flatMap(({ spec }) =>
      spec.containers[0].env.flatMap((entry: { valueFrom?: { secretKeyRef?: { name: string; key: string } } }) =>
        entry.valueFrom?.secretKeyRef ? `${entry.valueFrom.secretKeyRef.name}/${entry.valueFrom.secretKeyRef.key}` : [],
      ),
    );
    expect([...new Set(refs)].sort()).toEqual([
      'campus/COURSEHUB_KEYS',
      'campus/DATABASE_URL',
      'campus/INTERNAL_TOKEN_OAUTH_BRIDGE',
      'campus/INTERNAL_TOKEN_OPERATOR',
      'campus/MOODLE_OAUTH_CLIENT_SECRET',
      'campus/MOODLE_TOKEN',
      'coursehub-hub/INTERNAL_TOKEN_HUB',
      'coursehub-hub/OIDC_CLIENT_SECRET_JUPYTERHUB',
      'hub/hub.services.coursehub-culler.apiToken',
    ]);
    expect(podTemplates(objects).filter(({ kind }) => kind === 'StatefulSet' || kind === 'CronJob')).toEqual([]);
  });

  it('are nowhere but in Secrets', () => {
    for (const objects of [minimal, full, small]) {
      const secrets = objects
        .filter(({ kind, metadata }) => kind === 'Secret' && metadata.name !== 'hub')
        .flatMap((secret) => Object.values<string>(secret['data']).map(decode));
      const open = JSON.stringify(objects.filter(({ kind }) => kind !== 'Secret'));
      expect(secrets.length).toBeGreaterThan(6);
      for (const secret of secrets) expect(open.includes(JSON.stringify(secret).slice(1, -1))).toBe(false);
    }
  });

  it('and volumes stay when the release goes', () => {
    for (const [kind, name] of [
      ['Secret', 'camp-secrets'],
      ['Secret', 'coursehub-hub'],
      ['PersistentVolumeClaim', 'camp-postgresql'],
      ['PersistentVolumeClaim', 'camp-backup'],
    ] as const)
      expect(find(minimal, kind, name).metadata.annotations?.['helm.sh/resource-policy']).toBe('keep');
  });

  it('each service has only its own', () => {
    const names = (service: string) =>
      Object.keys(environmentOf(full, `camp-${service}`)).filter((name) => Object.hasOwn(GIVEN_SECRETS, name));
    expect(names('idle-culler')).toEqual(['POSTGRES_PASSWORD']);
    expect(names('course-profiles')).not.toContain('MOODLE_TOKEN');
    expect(names('moodle-sync')).not.toContain('COURSEHUB_KEYS');
    expect(names('oauth-bridge')).not.toContain('INTERNAL_TOKEN_HUB');
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

const deep = (path: string, value: unknown): object =>
  path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;

/** Over QUICK, map by map, as Helm does it. */
function over(base: unknown, change: unknown): unknown {
  if (!isMap(base) || !isMap(change)) return change;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(change)) merged[key] = key in base ? over(base[key], value) : value;
  return merged;
}
const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

describe.skipIf(!helm)('what is refused, with a sentence', () => {
  it.each([
    ['config.sitee', 1, "additional properties 'sitee' not allowed"],
    ['config.moodle.wwwrot', 'x', "additional properties 'wwwrot' not allowed"],
    ['config.hub.publicUrl', 'https://x', "additional properties 'publicUrl' not allowed"],
    ['image.repo', 'x', "additional properties 'repo' not allowed"],
    ['jupyterhub.hub.conf', {}, "additional properties 'conf' not allowed"],
    ['jupyterhub.singleuser.memory.limits', '1G', "additional properties 'limits' not allowed"],
    ['secrets.values.MOODEL_TOKEN', 'x', 'MOODEL_TOKEN'],
    ['services.oauth-bridge.replicas', 0, '/services/oauth-bridge/replicas'],
    ['mode', 'both', '/mode'],
    ['config.profiles', undefined, 'config.profiles is missing'],
    ['image.repository', '', 'image.repository is missing'],
    ['secrets.values', { MOODLE_TOKEN: null }, 'the secret MOODLE_OAUTH_CLIENT_SECRET is missing'],
    ['secrets.values.MOODLE_TOKEN', '', 'secrets.values.MOODLE_TOKEN is empty'],
    ['secrets.values.POSTGRES_PASSWORD', 'a@b', 'use only letters'],
    ['secrets.generate', false, 'the secret POSTGRES_PASSWORD is missing, and secrets.generate is false'],
    ['global.coursehub.hubUrl', 'http://hub.uni.test', 'hubUrl is plain http'],
    ['global.coursehub.bridgeUrl', 'https://signin.uni.test/x', 'without a path'],
    ['global.coursehub.bridgeUrl', 'https://hub.uni.test:444', "another port of the hub's host"],
    ['jupyterhub.hub.config.JupyterHub.subdomain_host', 'https://x.test', 'must be the same address'],
    ['jupyterhub.hub.config.JupyterHub.subdomain_host', '', 'trustedUsersOnly: true'],
    ['jupyterhub.hub.extraVolumes', [], 'Helm replaces lists'],
    ['jupyterhub.hub.networkPolicy.egress', [], "lacks the chart's rules"],
    ['jupyterhub.cull.enabled', true, 'two cullers'],
    ['jupyterhub.enabled', false, 'existingHub.release is missing'],
    ['httpRoute.enabled', true, 'httpRoute.parentRefs is empty'],
    ['postgresql.storage.className', 'nfs-client', 'is NFS'],
    ['postgresql.storage.className', 'campus-NFS4', 'locks and fsync'],
    ['config.bridge.clients', [{ id: 'jupyterhub', redirectUris: ['https://x.test/y'] }], 'made by the chart'],
  ])('%s: %j', async (path, value, sentence) => {
    const values = over(QUICK, deep(path, value)) as typeof QUICK;
    if (path === 'secrets.values' && value) Object.assign(values.secrets, { values: { MOODLE_TOKEN: 'x' } });
    await expect(chart.render(values)).rejects.toThrow(sentence);
  });

  it('a release name that makes names too long', async () => {
    await expect(chart.render(QUICK, { release: 'r'.repeat(41) })).rejects.toThrow('use at most 40');
    const objects = await chart.render(QUICK, { release: 'r'.repeat(40) });
    expect(Math.max(...objects.map(({ metadata }) => metadata.name.length))).toBeLessThanOrEqual(63);
    for (const { kind, metadata } of objects)
      if (kind === 'CronJob') expect(metadata.name.length).toBeLessThanOrEqual(52);
  });

  it('all faults at once', async () => {
    await expect(chart.render({})).rejects.toThrow(
      /hubUrl is missing.*bridgeUrl is missing.*image.repository.*config.site.*MOODLE_TOKEN/s,
    );
  });

  it('never with a secret in the sentence', async () => {
    const broken = over(QUICK, { mode: 'both', secrets: { values: MOODLE_SECRETS } }) as object;
    await expect(chart.render(broken)).rejects.not.toThrow('moodle-token-1');
  });
});
