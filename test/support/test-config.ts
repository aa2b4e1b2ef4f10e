// A complete configuration for tests, as text of the config file and as the resolved value.
import type { Config, ServiceName } from '../../src/config/config.ts';
import { SERVICES } from '../../src/config/config.ts';
import { type LoadedConfig, resolveConfig } from '../../src/config/load-config.ts';

export interface TestAddresses {
  readonly moodle?: string;
  readonly hub?: string;
  readonly hubApi?: string;
  readonly bridge?: string;
  readonly prometheus?: string;
}

/** The pieces of the file that tests change most; further YAML can be appended or replaced. */
export function testConfigText(addresses: TestAddresses = {}, more = ''): string {
  const at = (address: string | undefined, port: number): string => address ?? `http://127.0.0.1:${port}`;
  return `
site: { name: Test University, timeZone: Europe/Berlin, contact: help@uni.test }
allowInsecureHttp: true
listen: { host: 127.0.0.1, publicPort: 0, internalPort: 0, opsPort: 0, drainSeconds: 0 }
moodle:
  wwwroot: ${at(addresses.moodle, 9)}
  localOauth: { clientId: coursehub }
hub: { publicUrl: '${at(addresses.hub, 9)}', apiUrl: '${at(addresses.hubApi, 9)}' }
bridge:
  publicUrl: ${at(addresses.bridge, 9)}
  clients:
    - { id: jupyterhub, redirectUris: ['${at(addresses.hub, 9)}/hub/oauth_callback'], scopes: [profile] }
  operators: [{ moodleId: 1 }]
roles: { student: student, ta: assistant, teacher: assistant, editingteacher: instructor }
pools:
  gpu: { title: H100 80 GB, resource: nvidia.com/gpu }
profiles:
  gpu-small:
    title: 1 GPU
    image: registry.test/pytorch:1
    cpu: { guarantee: 1, limit: 4 }
    memory: { guarantee: 2G, limit: 8G }
    gpu: { pool: gpu }
    idle: { idleAfter: 1h, gpuIdleAfter: 30m, grace: 10m, sessionLimit: 4h }
  cpu:
    title: CPU
    idle: { idleAfter: 1h, grace: 10m }
courseProfiles:
  - { id: gpu, course: { shortname: DL202 }, profile: gpu-small, maxSessionsPerPerson: 1 }
  - { id: cpu, course: { shortname: 'D*' }, profile: cpu }
${addresses.prometheus ? `prometheus: { url: '${addresses.prometheus}', scrapeInterval: 1s }\n` : ''}${more}`;
}

/** Secrets of the tests; keys are not among them (`oauth-bridge` tests make their own). */
export const TEST_ENVIRONMENT: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgresql://unused',
  MOODLE_OAUTH_CLIENT_SECRET: 'moodle-client-secret',
  MOODLE_TOKEN: 'moodle-token',
  HUB_API_TOKEN: 'hub-api-token',
  OIDC_CLIENT_SECRET_JUPYTERHUB: 'oidc-client-secret',
  INTERNAL_TOKEN_HUB: 'internal-token-hub',
  INTERNAL_TOKEN_OAUTH_BRIDGE: 'internal-token-bridge',
  INTERNAL_TOKEN_OPERATOR: 'internal-token-operator',
};

export function loadTestConfig(
  text: string,
  env: Readonly<Record<string, string>> = TEST_ENVIRONMENT,
  services: readonly ServiceName[] = SERVICES.filter((name) => name !== 'oauth-bridge'),
): LoadedConfig {
  return resolveConfig(text, env, services);
}

export const testConfig = (addresses: TestAddresses = {}, more = ''): Config =>
  loadTestConfig(testConfigText(addresses, more)).config;
