// docs/how-to/install.md: its values render, and what they become loads.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { resolveConfig } from '../../src/config/load-config.ts';
import { GIVEN_SECRETS, MINIMAL } from './chart-values.ts';
import { type Chart, find, findHelm, openChart, podTemplates } from './helm.ts';

const helm = findHelm();
const text = readFileSync(path.resolve('docs/how-to/install.md'), 'utf8');
const [campus, existing] = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => parse(yaml) as object);
let chart: Chart;
beforeAll(() => {
  if (helm) chart = openChart(helm);
});
afterAll(() => chart?.remove());

describe.skipIf(!helm)('the how-to of the installation', () => {
  it('has values that install, with the names that it uses in its commands', async () => {
    const objects = await chart.render(campus ?? {}, { release: 'campus' });
    const { config } = resolveConfig(
      find(objects, 'ConfigMap', 'campus-config')['data']['config.yaml'],
      { DATABASE_URL: 'postgresql://x' },
      [],
    );
    expect(config.hub.publicUrl).toBe('https://hub.example.org');
    expect(config.rules.map(({ id }) => id)).toEqual(['gpu', 'cpu']);
    find(objects, 'StatefulSet', 'campus-postgresql');
    find(objects, 'CronJob', 'campus-backup');
    find(objects, 'Secret', 'campus-secrets');
    find(objects, 'Deployment', 'campus-oauth-bridge');
  });

  it('installs beside a hub that is there: no z2jh, its pods are the ones that may call', async () => {
    const objects = await chart.render({
      ...MINIMAL,
      global: { coursehub: { hubUrl: 'https://hub.example.org', bridgeUrl: 'https://signin.example.net' } },
      secrets: { values: GIVEN_SECRETS, generate: false },
      ...existing,
    });
    expect(objects.filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === 'jupyterhub')).toEqual([]);
    const policy = find(objects, 'NetworkPolicy', 'camp-course-profiles');
    expect(JSON.stringify(policy)).toContain('"release":"jhub"');
    expect(find(objects, 'ConfigMap', 'camp-config')['data']['config.yaml']).toContain('release=jhub');
    const culler = podTemplates(objects).find(({ owner }) => owner === 'camp-idle-culler');
    expect(JSON.stringify(culler?.spec)).toContain('hub.services.coursehub-culler.apiToken');
  });

  it('names every secret that there can be', () => {
    for (const name of Object.keys(GIVEN_SECRETS))
      if (!name.startsWith('OIDC_CLIENT_SECRET_G')) expect(text).toContain(`\`${name}\``);
  });
});
