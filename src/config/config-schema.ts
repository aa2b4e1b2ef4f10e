// Every key of the config file. Unknown keys refuse the start; the reference (docs/reference/config.md) and the JSON schema are made from here.
import { z } from 'zod';
import { COURSE_ROLES } from '../domain/courses/course-role.ts';
import { duration, positiveDuration } from './duration.ts';
import { kubernetes } from './kubernetes-schema.ts';
import { courseProfile, pool, profile, slug } from './offers-schema.ts';

const url = z
  .url({ protocol: /^https?$/, error: 'must be an http or https address' })
  .transform((text) => text.replace(/\/+$/, ''));
/** Compared as text: nothing is trimmed. */
const exactUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https address' })
  .refine((text) => !text.includes('#'), 'must have no "#"');
const port = z.int().min(0).max(65_535);
const site = z.strictObject({
  name: z.string().min(1).describe('Shown on pages, e.g. "University of Example".'),
  timeZone: z
    .string()
    .refine(
      (zone) => Intl.supportedValuesOf('timeZone').includes(zone) || zone === 'UTC',
      'is not an IANA time zone, e.g. "Europe/Berlin"',
    )
    .describe('IANA zone of all times that are shown, e.g. "Europe/Berlin".'),
  contact: z
    .string()
    .default('')
    .describe('Who helps: an e-mail address or a sentence, shown where something is refused.'),
});

const listen = z
  .strictObject({
    host: z
      .string()
      .default('127.0.0.1')
      .describe(
        'Address to listen on; a container needs "0.0.0.0". The environment variable LISTEN_HOST, when set, wins.',
      ),
    publicPort: port.default(8080).describe('The bridge: what browsers and the hub reach.'),
    internalPort: port
      .default(8081)
      .describe('`/internal/v1/*`: for the hub glue and the services only; never in an Ingress.'),
    opsPort: port.default(8082).describe('`/metrics`, `/healthz`, `/readyz`.'),
    proxies: z
      .int()
      .min(0)
      .max(5)
      .default(1)
      .describe(
        'How many proxies (ingress, load balancer) stand in front of publicPort and add to X-Forwarded-For. It decides whose address the limit of requests counts: too few and everybody shares one limit, too many and anybody can choose an address.',
      ),
    drainSeconds: z
      .number()
      .min(0)
      .max(6)
      .default(2)
      .describe('After SIGTERM: how long to serve on with /readyz at 503, until no balancer sends new requests.'),
  })
  .prefault({});

const database = z
  .strictObject({
    maxConnections: z.int().min(2).max(200).default(10).describe('Connections of one process.'),
  })
  .prefault({});

const moodle = z.strictObject({
  wwwroot: url.describe(
    "Moodle's address exactly as in its config.php ($CFG->wwwroot): Moodle answers any other Host with a redirect.",
  ),
  requestTimeout: positiveDuration.prefault('20s').describe('How long one call to Moodle may take.'),
  localOauth: z
    .strictObject({
      clientId: z
        .string()
        .min(1)
        .describe('Client id of the local_oauth plugin. Its secret comes from MOODLE_OAUTH_CLIENT_SECRET.'),
    })
    .describe('Sign-in through the plugin local_oauth.'),
});

const hub = z.strictObject({
  publicUrl: url.describe("The hub's address in a browser, without /hub."),
  apiUrl: url.describe('The hub\'s REST API as the services reach it, e.g. "http://hub:8081/hub/api".'),
  requestTimeout: positiveDuration.prefault('10s').describe('How long one call to the hub may take.'),
});

const bridgeClient = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}$/)
    .describe('Client id. Its secret comes from OIDC_CLIENT_SECRET_<ID> (upper case, "-" as "_").'),
  redirectUris: z
    .array(exactUrl)
    .min(1)
    .describe('Exact callback addresses, e.g. "https://hub.example.org/hub/oauth_callback".'),
  scopes: z
    .array(z.enum(['profile', 'email', 'groups']))
    .default(['profile'])
    .describe(
      'What the client may learn: profile = hub username and whether the person is an operator; email = name and e-mail; groups = courses and roles.',
    ),
});

const bridge = z.strictObject({
  publicUrl: url
    .refine((text) => new URL(text).pathname === '/' && !/[?#]/.test(text), 'must be a host of its own, without a path')
    .describe('Address of the bridge in a browser; the OpenID issuer. A host of its own.'),
  clients: z.array(bridgeClient).min(1),
  gate: z
    .enum(['anyone', 'people-with-course-profile', 'staff'])
    .default('anyone')
    .describe(
      'Who may sign in: anyone with a Moodle account, people whose courses give them something (and staff), or only course staff and operators.',
    ),
  operators: z
    .array(z.strictObject({ moodleId: z.union([z.int().positive(), z.string().regex(/^\d+$/)]).transform(String) }))
    .default([])
    .describe('Hub admins, by Moodle user ID: usernames can be taken by others.'),
  reservedHubUsernames: z
    .array(z.string())
    .default(['root', 'admin', 'hub', 'api', 'jupyterhub', 'www', 'localhost'])
    .describe('Never given to anybody as a hub username.'),
});

const sync = z
  .strictObject({
    every: positiveDuration.prefault('15m').describe('Time between two runs over the whole site.'),
    concurrency: z.int().min(1).max(16).default(4).describe('Calls to Moodle at the same time.'),
    freshFor: duration.prefault('60s').describe('At sign-in a roster younger than this is not read again.'),
    signInTimeout: duration
      .prefault('3s')
      .describe('What a sign-in waits for Moodle; then the last known roster counts.'),
    guard: z
      .strictObject({
        maxShare: z
          .number()
          .min(0)
          .max(1)
          .default(0.3)
          .describe('More than this share of a course may not vanish or become inactive at once.'),
        maxNumber: z.int().min(0).default(10).describe('Up to this many may, whatever the share.'),
      })
      .prefault({}),
  })
  .prefault({});

const culler = z
  .strictObject({
    every: positiveDuration.prefault('30s').describe('Time between two looks.'),
    dryRun: z.boolean().default(false).describe('Decide and report, stop nothing.'),
    concurrency: z.int().min(1).max(100).default(10).describe('Stops at the same time.'),
    enrolmentEndedGrace: duration.prefault('15m').describe('Between the end of an enrolment and the stop.'),
    admissionLifetime: duration
      .prefault('15m')
      .describe('An admission without a server is released after this time and the start timeout.'),
    missedSnapshots: z
      .int()
      .min(1)
      .default(3)
      .describe('A session whose server this many good looks in a row do not show is over.'),
  })
  .prefault({});

const prometheus = z
  .strictObject({
    url: url.describe('Address of Prometheus, e.g. "http://prometheus:9090".'),
    scrapeInterval: positiveDuration
      .prefault('30s')
      .describe('How often DCGM is scraped: tells how many readings to expect.'),
    requestTimeout: positiveDuration.prefault('10s').describe('How long one query may take.'),
    metrics: z
      .array(z.enum(['DCGM_FI_PROF_GR_ENGINE_ACTIVE', 'DCGM_FI_DEV_GPU_UTIL']))
      .min(1)
      .default(['DCGM_FI_PROF_GR_ENGINE_ACTIVE', 'DCGM_FI_DEV_GPU_UTIL'])
      .describe('Readings, the best first; the next one serves servers that the first does not show.'),
  })
  .nullable()
  .default(null)
  .describe('Without it every GPU is `unknown`.');

const OPERATIONS = ['form', 'check', 'admit', 'end', 'sync-site', 'sync-person'] as const;

const internal = z
  .strictObject({
    courseProfilesUrl: url
      .nullable()
      .default(null)
      .describe('Internal address of course-profiles. null: this process (all-in-one).'),
    moodleSyncUrl: url
      .nullable()
      .default(null)
      .describe('Internal address of moodle-sync. null: this process (all-in-one).'),
    callers: z
      .array(
        z.strictObject({
          name: slug.describe('The token comes from INTERNAL_TOKEN_<NAME> (upper case, "-" as "_").'),
          operations: z.array(z.enum(OPERATIONS)).min(1),
        }),
      )
      .default([
        { name: 'hub', operations: ['form', 'check', 'admit', 'end'] },
        { name: 'oauth-bridge', operations: ['sync-person'] },
        { name: 'operator', operations: ['sync-site', 'sync-person'] },
      ])
      .describe('Who may call what on the internal port.'),
  })
  .prefault({});

const logging = z
  .strictObject({
    level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    personalNames: z.boolean().default(true).describe('false: hub usernames are left out of the log; ids stay.'),
  })
  .prefault({});

export const configSchema = z.strictObject({
  site,
  allowInsecureHttp: z
    .boolean()
    .default(false)
    .describe('Accept plain http for Moodle, hub and bridge. Laptops only; warned about at every start.'),
  listen,
  database,
  moodle,
  hub,
  bridge,
  roles: z
    .record(z.string(), z.enum(COURSE_ROLES))
    .default({ student: 'student', teacher: 'assistant', editingteacher: 'instructor' })
    .describe(
      'Moodle role shortname -> course role. A role that is not named gives nothing and is listed for the operator.',
    ),
  pools: z.record(slug, pool).default({}),
  profiles: z.record(slug, profile).describe('The kinds of server that you offer.'),
  courseProfiles: z.array(courseProfile).default([]).describe('Which course gets which profile.'),
  sync,
  culler,
  prometheus,
  kubernetes,
  internal,
  logging,
});

export type ParsedConfig = z.output<typeof configSchema>;
export type Operation = (typeof OPERATIONS)[number];
