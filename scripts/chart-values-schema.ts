// The strict schema of the Helm chart's values. What is below `config:` is the config file's own schema, less what the chart knows itself;
// what is below `jupyterhub:` is checked by Zero to JupyterHub's schema.
import { z } from 'zod';
import { configSchema } from '../src/config/config-schema.ts';

const name = z.string();
const quantity = z.union([z.string().regex(/^\d+(\.\d+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/), z.number().positive()]);
const amounts = z.strictObject({ cpu: quantity.optional(), memory: quantity.optional() });
const resources = z.strictObject({ requests: amounts.optional(), limits: amounts.optional() });
const labels = z.record(z.string(), z.string());
const anyObject = z.looseObject({});
const peers = z.array(
  z.strictObject({
    podSelector: anyObject.optional(),
    namespaceSelector: anyObject.optional(),
    ipBlock: anyObject.optional(),
  }),
);
const port = z.int().min(1).max(65_535);
const pullPolicy = z.enum(['IfNotPresent', 'Always', 'Never']);
const pullSecrets = z.array(z.strictObject({ name }));
const replicas = z.int().min(1).max(20);
const service = z.strictObject({ replicas, resources });

const { shape } = configSchema;
const config = z.strictObject({
  ...shape,
  // The chart asks for these three in one message with everything else that is missing.
  site: shape.site.optional(),
  moodle: shape.moodle.optional(),
  profiles: shape.profiles.optional(),
  listen: shape.listen.unwrap().pick({ drainSeconds: true }).optional(),
  hub: shape.hub.pick({ requestTimeout: true }).optional(),
  bridge: shape.bridge
    .omit({ publicUrl: true })
    .extend({ clients: z.array(shape.bridge.shape.clients.element).optional() })
    .optional(),
  internal: shape.internal.unwrap().pick({ callers: true }).optional(),
});

const secretName = z
  .string()
  .regex(
    /^(COURSEHUB_KEYS|MOODLE_TOKEN|MOODLE_OAUTH_CLIENT_SECRET|DATABASE_URL|POSTGRES_PASSWORD|OIDC_CLIENT_SECRET_[A-Z0-9_]+|INTERNAL_TOKEN_[A-Z0-9_]+)$/,
  );

const values = z.strictObject({
  global: z.looseObject({
    coursehub: z.strictObject({
      hubUrl: z.string(),
      bridgeUrl: z.string(),
      loginService: z.string(),
      emergencyProfile: z
        .strictObject({ title: z.string(), until: z.iso.datetime({ offset: true }), settings: anyObject })
        .nullable(),
    }),
  }),
  mode: z.enum(['services', 'all-in-one']),
  trustedUsersOnly: z.boolean(),
  image: z.strictObject({
    repository: name,
    tag: name,
    digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/),
    pullPolicy,
    pullSecrets,
  }),
  config,
  secrets: z.strictObject({
    existingSecret: name,
    existingKeys: z.array(secretName),
    existingHubSecret: z.boolean(),
    values: z.record(secretName, z.string()),
    generate: z.boolean(),
  }),
  postgresql: z.strictObject({
    enabled: z.boolean(),
    image: name,
    pullPolicy,
    storage: z.strictObject({ size: quantity, className: name, checkClass: z.boolean() }),
    resources,
    backup: z.strictObject({
      enabled: z.boolean(),
      schedule: z.string().min(9),
      keepDays: z.int().min(1),
      size: quantity,
      className: name,
    }),
  }),
  services: z.strictObject({
    'oauth-bridge': service,
    'course-profiles': service,
    'moodle-sync': service,
    'idle-culler': service,
    'all-in-one': service,
  }),
  pods: z.strictObject({
    nodeSelector: labels,
    tolerations: z.array(anyObject),
    affinity: anyObject,
    priorityClassName: name,
    annotations: labels,
    extraEnv: z.array(z.looseObject({ name })),
    listenOnPodIp: z.boolean(),
  }),
  caBundle: z.strictObject({ configMap: name, key: name }),
  publicService: z.strictObject({
    type: z.enum(['', 'NodePort', 'LoadBalancer']),
    nodePort: port.nullable(),
    annotations: labels,
  }),
  ingress: z.strictObject({
    enabled: z.boolean(),
    className: name,
    annotations: labels,
    hub: z.boolean(),
    tls: z.strictObject({
      enabled: z.boolean(),
      bridgeSecret: name,
      hubSecret: name,
      certManager: z.strictObject({ clusterIssuer: name, issuer: name }),
    }),
    pathHubRules: z.enum(['', 'nginx', 'elsewhere']),
  }),
  httpRoute: z.strictObject({ enabled: z.boolean(), parentRefs: z.array(z.looseObject({ name })), hub: z.boolean() }),
  networkPolicy: z.strictObject({
    enabled: z.boolean(),
    publicFrom: peers,
    metricsFrom: peers,
    operatorFrom: peers,
    moodleTo: peers,
    prometheusTo: peers,
    databaseTo: peers,
    databasePort: port,
    kubernetesApiPorts: z.array(port),
    extraEgress: z.array(anyObject),
  }),
  existingHub: z.strictObject({ release: name, secret: name }),
  imagePuller: z.strictObject({ enabled: z.boolean(), nodeSelector: labels, pauseImage: name, pullSecrets }),
  helmTest: z.strictObject({ hubUsername: name }),
  jupyterhub: z.looseObject({ enabled: z.boolean() }),
});

/** JSON schema (draft 7): Helm refuses an install, an upgrade and a rendering whose values do not fit. */
export function chartValuesSchema(): object {
  return z.toJSONSchema(values, { io: 'input', target: 'draft-7' });
}
