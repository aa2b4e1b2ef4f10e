// Values that the chart refuses, each with a sentence that says what to do.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MOODLE_SECRETS, QUICK } from './chart-values.ts';
import { type Chart, findHelm, openChart } from './helm.ts';

const helm = findHelm();
let chart: Chart;
beforeAll(() => {
  if (helm) chart = openChart(helm);
});
afterAll(() => chart?.remove());

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
