// Values that the chart is rendered with: the least, everything, and all secrets given.
import { createKeys } from '../../services/admin/create-keys.ts';

export const MOODLE_SECRETS = { MOODLE_TOKEN: 'moodle-token-1', MOODLE_OAUTH_CLIENT_SECRET: 'moodle-secret-1' };

export const MINIMAL = {
  global: { coursehub: { hubUrl: 'https://hub.uni.test', bridgeUrl: 'https://signin.uni.test' } },
  image: { repository: 'registry.test/coursehub' },
  config: {
    site: { name: 'University', timeZone: 'Europe/Berlin' },
    moodle: { wwwroot: 'https://moodle.uni.test', localOauth: { clientId: 'coursehub' } },
    profiles: { cpu: { title: 'CPU' } },
  },
  secrets: { values: MOODLE_SECRETS },
  jupyterhub: { hub: { config: { JupyterHub: { subdomain_host: 'https://hub.uni.test' } } } },
};

/** Every secret that the full configuration needs, as an operator with Argo CD gives it. */
export const GIVEN_SECRETS: Readonly<Record<string, string>> = {
  ...MOODLE_SECRETS,
  COURSEHUB_KEYS: JSON.stringify(createKeys()),
  POSTGRES_PASSWORD: 'given-postgres-password',
  OIDC_CLIENT_SECRET_JUPYTERHUB: 'given-oidc-jupyterhub',
  OIDC_CLIENT_SECRET_GRAFANA: 'given-oidc-grafana',
  INTERNAL_TOKEN_HUB: 'given-internal-hub',
  INTERNAL_TOKEN_OAUTH_BRIDGE: 'given-internal-bridge',
  INTERNAL_TOKEN_OPERATOR: 'given-internal-operator',
};

/** As quick to render as it gets: no key is made. */
export const QUICK = {
  ...MINIMAL,
  secrets: { values: { ...MOODLE_SECRETS, COURSEHUB_KEYS: GIVEN_SECRETS['COURSEHUB_KEYS'] } },
};

export const FULL = {
  global: {
    coursehub: {
      hubUrl: 'https://hub.uni.test',
      bridgeUrl: 'https://signin.uni.test',
      loginService: 'Moodle "Ü" {x}',
      emergencyProfile: { title: 'CPU', until: '2027-02-12T18:00:00+01:00', settings: { mem_limit: '4G' } },
    },
  },
  image: {
    repository: 'registry.test/coursehub',
    digest: `sha256:${'0'.repeat(64)}`,
    pullSecrets: [{ name: 'registry' }],
  },
  config: {
    site: { name: 'University', timeZone: 'Europe/Berlin', contact: 'help@uni.test' },
    listen: { drainSeconds: 5 },
    moodle: { wwwroot: 'https://moodle.uni.test:8443/m', localOauth: { clientId: 'coursehub' } },
    hub: { requestTimeout: '15s' },
    bridge: {
      gate: 'staff',
      operators: [{ moodleId: 12345678 }],
      clients: [
        {
          id: 'grafana',
          redirectUris: ['https://grafana.uni.test/login/generic_oauth'],
          scopes: ['profile', 'groups'],
        },
      ],
    },
    pools: {
      h100: {
        title: 'H100',
        capacity: 8,
        nodeSelector: { gpu: 'h100' },
        tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
      },
    },
    profiles: {
      gpu: { title: 'GPU', image: 'registry.test/gpu:1', gpu: { pool: 'h100' }, idle: { idleAfter: null } },
      cpu: { title: 'CPU', image: 'registry.test/cpu:1' },
    },
    courseProfiles: [
      { id: 'gpu', course: { shortname: 'DL*' }, profile: 'gpu', opensAt: '2026-10-12T08:00:00+02:00', closesAt: null },
    ],
    prometheus: { url: 'http://prometheus.monitoring.svc:9090' },
  },
  secrets: { values: GIVEN_SECRETS, generate: false },
  pods: {
    nodeSelector: { pool: 'core' },
    tolerations: [{ key: 'core', operator: 'Exists' }],
    annotations: { 'example.test/a': 'b' },
    extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
    priorityClassName: 'core',
    listenOnPodIp: true,
  },
  caBundle: { configMap: 'campus-ca' },
  publicService: { type: 'NodePort', nodePort: 30081 },
  ingress: { enabled: true, className: 'nginx', tls: { certManager: { clusterIssuer: 'letsencrypt' } } },
  networkPolicy: {
    moodleTo: [{ podSelector: { matchLabels: { app: 'moodle' } }, namespaceSelector: {} }],
    operatorFrom: [{ podSelector: { matchLabels: { role: 'operator' } } }],
    extraEgress: [{ ports: [{ port: 3128 }] }],
  },
  helmTest: { hubUsername: 'probe' },
  jupyterhub: {
    hub: {
      baseUrl: '/jupyter/',
      allowNamedServers: true,
      config: { JupyterHub: { subdomain_host: 'https://hub.uni.test' } },
    },
  },
};
