// What the chart mounts into the hub, run by Python: the settings that the hub gets out of it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { venvPython } from '../../scripts/prepare.mjs';
import { FULL, QUICK } from './chart-values.ts';
import { type Chart, find, findHelm, type KubernetesObject, openChart, podTemplates } from './helm.ts';

const helm = findHelm();
let chart: Chart;
let folder: string;
beforeAll(() => {
  if (helm) chart = openChart(helm);
  folder = mkdtempSync(path.join(tmpdir(), 'coursehub-glue-'));
});
afterAll(() => {
  chart?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const RUN = `
import json, sys
from traitlets.config import Config
c = Config()
exec(open(sys.argv[1]).read())
shown = {name: {key: value for key, value in section.items() if isinstance(value, (str, bool, int))} for name, section in c.items()}
import oauthenticator.oauth2
shown["hooks"] = sorted(key for key, value in c.Spawner.items() if callable(value))
shown["cookie"] = oauthenticator.oauth2.STATE_COOKIE_NAME
print(json.dumps(shown))
`;

/** Runs 50-coursehub.py as the hub would, with the ConfigMap and the Secret in plain folders. */
function runGlue(objects: readonly KubernetesObject[]): Record<string, Record<string, unknown>> {
  const here = mkdtempSync(path.join(folder, 'hub-'));
  const write = (name: string, files: Record<string, string>, decode = (text: string) => text): void => {
    mkdirSync(path.join(here, name));
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(here, name, file), decode(text));
  };
  write('coursehub', find(objects, 'ConfigMap', 'coursehub-hub')['data']);
  write('secrets', find(objects, 'Secret', 'coursehub-hub')['data'], (text) =>
    Buffer.from(text, 'base64').toString('utf8'),
  );
  const env = {
    PATH: process.env['PATH'] ?? '',
    COURSEHUB_HUB_FOLDER: path.join(here, 'coursehub'),
    COURSEHUB_HUB_SECRETS: path.join(here, 'secrets'),
  };
  const printed = execFileSync(venvPython, ['-c', RUN, path.join(here, 'coursehub', '50-coursehub.py')], {
    env,
    encoding: 'utf8',
  });
  return JSON.parse(printed) as Record<string, Record<string, unknown>>;
}

describe.skipIf(!helm)('the glue in the hub', () => {
  it('gets addresses, secrets and hooks; cookies are bound to their hosts', async () => {
    const objects = await chart.render(FULL);
    expect(runGlue(objects)).toMatchObject({
      JupyterHub: {
        authenticator_class: 'generic-oauth',
        public_url: 'https://hub.uni.test/jupyter/',
        cookie_host_prefix_enabled: true,
      },
      GenericOAuthenticator: {
        client_secret: 'given-oidc-jupyterhub',
        authorize_url: 'https://signin.uni.test/auth',
        token_url: 'http://camp-oauth-bridge:8080/token',
        oauth_callback_url: 'https://hub.uni.test/jupyter/hub/oauth_callback',
        login_service: 'Moodle "Ü" {x}',
      },
      Spawner: { consecutive_failure_limit: 0 },
      hooks: expect.arrayContaining(['options_form', 'pre_spawn_hook', 'post_stop_hook']),
      cookie: '__Host-oauthenticator-state',
    });
  });

  it('a hub without subdomains has no __Host- session cookies', async () => {
    const objects = await chart.render({ ...QUICK, jupyterhub: {}, trustedUsersOnly: true });
    expect(runGlue(objects)['JupyterHub']).not.toHaveProperty('cookie_host_prefix_enabled');
  });

  it('is mounted where the hub looks, by names that are rendered', async () => {
    const objects = await chart.render(QUICK);
    const hub = podTemplates(objects).find(({ owner }) => owner === 'hub');
    const mounts = hub?.spec.containers[0].volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath);
    expect(mounts).toEqual(
      expect.arrayContaining([
        '/usr/local/etc/jupyterhub/coursehub',
        '/usr/local/etc/jupyterhub/jupyterhub_config.d/50-coursehub.py',
        '/usr/local/etc/jupyterhub/coursehub-secrets',
      ]),
    );
    for (const volume of hub?.spec.volumes ?? []) {
      if (volume.configMap) find(objects, 'ConfigMap', volume.configMap.name);
      if (volume.secret) find(objects, 'Secret', volume.secret.secretName);
    }
  });

  it('restarts the hub when an address changes, and not when a course profile does', async () => {
    const given = { ...QUICK, ...{ secrets: FULL.secrets }, config: { ...FULL.config } };
    const sums = (objects: readonly KubernetesObject[]) =>
      podTemplates(objects).find(({ owner }) => owner === 'hub')?.annotations;
    const before = sums(await chart.render(given));
    const profile = sums(await chart.render({ ...given, config: { ...FULL.config, courseProfiles: [] } }));
    const address = sums(
      await chart.render({
        ...given,
        global: { coursehub: { ...QUICK.global.coursehub, bridgeUrl: 'https://other.uni.test' } },
      }),
    );
    expect(profile).toEqual(before);
    expect(address?.['checksum/secret']).not.toBe(before?.['checksum/secret']);
    expect(before?.['coursehub.dev/glue']).toMatch(/^[0-9a-f]{16}$/);
  });
});
