// Where the chart's secrets come from, who gets which, and that they are nowhere else.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/load-config.ts';
import { FULL, GIVEN_SECRETS, MINIMAL, QUICK } from './chart-values.ts';
import { type Chart, find, findHelm, type KubernetesObject, openChart, podTemplates } from './helm.ts';
import { configText, decode, environmentOf, ourPods } from './rendered.ts';

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
