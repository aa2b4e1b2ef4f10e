// The configuration of the demo campus, as an operator would write it: config file, secrets, all made for this run.
import { randomBytes } from 'node:crypto';
import type { Addresses } from './addresses.ts';

/** How fast the demo acts: a person wants to watch, the check wants to be done. */
export interface Pace {
  readonly gpuIdleAfter: string;
  readonly idleAfter: string;
  readonly unknownLimit: string;
  readonly grace: string;
  readonly cullEvery: string;
}

export const WATCHING: Pace = {
  gpuIdleAfter: '90s',
  idleAfter: '5m',
  unknownLimit: '30m',
  grace: '30s',
  cullEvery: '5s',
};
export const CHECKING: Pace = {
  gpuIdleAfter: '12s',
  idleAfter: '10s',
  unknownLimit: '10m',
  grace: '4s',
  cullEvery: '1s',
};

/** The operator gpuadmin, by Moodle id: see campus-site.ts. */
export function campusConfig(addresses: Addresses, pace: Pace, operatorMoodleId: number): string {
  const idle = `{ idleAfter: ${pace.idleAfter}, gpuIdleAfter: ${pace.gpuIdleAfter}, unknownLimit: ${pace.unknownLimit}, grace: ${pace.grace}, sessionLimit: 4h }`;
  return `
site: { name: Demo University, timeZone: Europe/Berlin, contact: the demo's help desk }
allowInsecureHttp: true
listen: { host: 127.0.0.1, publicPort: ${addresses.ports.bridge}, internalPort: ${addresses.ports.internal}, opsPort: ${addresses.ports.ops}, drainSeconds: 0 }
moodle: { wwwroot: '${addresses.moodle}', localOauth: { clientId: coursehub } }
hub: { publicUrl: '${addresses.hub}', apiUrl: 'http://127.0.0.1:${addresses.ports.hubApi}/hub/api' }
bridge:
  publicUrl: ${addresses.bridge}
  clients: [{ id: jupyterhub, redirectUris: ['${addresses.hub}/hub/oauth_callback'], scopes: [profile] }]
  operators: [{ moodleId: ${operatorMoodleId} }]
roles: { student: student, ta: assistant, teacher: assistant, editingteacher: instructor }
pools:
  h100: { title: H100 80 GB, resource: nvidia.com/gpu, capacity: 8 }
profiles:
  gpu-1:
    title: 1 GPU
    description: PyTorch
    cpu: { limit: 8 }
    memory: { limit: 64G }
    gpu: { pool: h100, count: 1 }
    idle: ${idle}
  gpu-2:
    title: 2 GPUs
    description: PyTorch
    cpu: { limit: 16 }
    memory: { limit: 128G }
    gpu: { pool: h100, count: 2 }
    idle: ${idle}
  cpu:
    title: Data science
    description: scipy-notebook
    cpu: { limit: 2 }
    memory: { limit: 8G }
    idle: ${idle}
courseProfiles:
  - { id: gpu, course: { shortname: DL202 }, profile: gpu-1, maxSessionsPerPerson: 1, closesAt: '2099-02-12T23:00:00+01:00' }
  - { id: project, course: { shortname: DL202 }, profile: gpu-2, groups: [DL 2], maxSessionsPerPerson: 1 }
  - { id: cpu, course: { shortname: DS101 }, profile: cpu }
sync: { every: 60s, freshFor: 5s, guard: { maxNumber: 5 } }
culler: { every: ${pace.cullEvery}, enrolmentEndedGrace: ${pace.grace}, missedSnapshots: 2 }
prometheus: { url: '${addresses.prometheus}', scrapeInterval: 1s }
`;
}

export interface CampusSecrets {
  readonly moodleClientSecret: string;
  readonly moodleToken: string;
  readonly oidcSecret: string;
  readonly hubApiToken: string;
  readonly hubToken: string;
  readonly bridgeToken: string;
  readonly operatorToken: string;
}

const secret = (): string => randomBytes(24).toString('hex');

export const makeSecrets = (): CampusSecrets => ({
  moodleClientSecret: secret(),
  moodleToken: secret(),
  oidcSecret: secret(),
  hubApiToken: secret(),
  hubToken: secret(),
  bridgeToken: secret(),
  operatorToken: secret(),
});

/** Environment of `all-in-one`. */
export const serviceEnvironment = (
  secrets: CampusSecrets,
  databaseUrl: string,
  keysFile: string,
): Record<string, string> => ({
  DATABASE_URL: databaseUrl,
  COURSEHUB_KEYS_FILE: keysFile,
  MOODLE_OAUTH_CLIENT_SECRET: secrets.moodleClientSecret,
  MOODLE_TOKEN: secrets.moodleToken,
  HUB_API_TOKEN: secrets.hubApiToken,
  OIDC_CLIENT_SECRET_JUPYTERHUB: secrets.oidcSecret,
  INTERNAL_TOKEN_HUB: secrets.hubToken,
  INTERNAL_TOKEN_OAUTH_BRIDGE: secrets.bridgeToken,
  INTERNAL_TOKEN_OPERATOR: secrets.operatorToken,
});
