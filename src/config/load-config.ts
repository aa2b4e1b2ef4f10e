// Reads the config file and the environment, and refuses the start with all faults at once.
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { LONGEST_GPU_WINDOW_SECONDS } from '../domain/culling/gpu-window.ts';
import type { CourseProfileRule, Pool, Profile } from '../domain/profiles/profile.ts';
import type { Config, Secrets, ServiceName } from './config.ts';
import { configSchema, type ParsedConfig } from './config-schema.ts';
import { describeIssue } from './describe-issue.ts';
import { keysSchema } from './keys.ts';
import { type Environment, readSecret, variablePart } from './secrets.ts';

/** The start is refused; `faults` are whole sentences with the path of the key or the name of the variable. */
export class ConfigError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

export interface LoadedConfig {
  readonly config: Config;
  readonly secrets: Secrets;
  /** Worth a warning at every start. */
  readonly warnings: readonly string[];
}

/** @throws ConfigError with every fault of file and environment. */
export function loadConfig(file: string, env: Environment, services: readonly ServiceName[]): LoadedConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'}): give an existing file by --config`,
    ]);
  }
  return resolveConfig(text, env, services);
}

/** As loadConfig, from the text of the file. */
export function resolveConfig(text: string, env: Environment, services: readonly ServiceName[]): LoadedConfig {
  const faults: string[] = [];
  const parsed = parseConfigText(text, faults);
  const secrets = readSecrets(parsed, env, services, faults);
  if (!parsed) throw new ConfigError(faults);
  faults.push(...findCrossFaults(parsed), ...findSharedTokens(secrets.internalTokens));
  if (faults.length > 0) throw new ConfigError(faults);
  return { config: toConfig(parsed, env), secrets, warnings: findWarnings(parsed) };
}

function parseConfigText(text: string, faults: string[]): ParsedConfig | null {
  const document = parseDocument(text, { uniqueKeys: true });
  if (document.errors.length > 0) {
    // Only the first: the others are mostly its echo.
    faults.push(`the file is not valid YAML: ${document.errors[0]?.message.split('\n')[0]?.replace(/:$/, '')}`);
    return null;
  }
  const result = configSchema.safeParse(document.toJS() ?? {}, { reportInput: true });
  if (result.success) return result.data;
  faults.push(...result.error.issues.flatMap(describeIssue));
  return null;
}

function findCrossFaults(parsed: ParsedConfig): string[] {
  const faults: string[] = [];
  for (const [slug, profile] of Object.entries(parsed.profiles)) {
    if ((profile.idle.gpuIdleAfter ?? 0) > LONGEST_GPU_WINDOW_SECONDS)
      faults.push(
        `profiles.${slug}.idle.gpuIdleAfter: at most 2h: GPU readings are not read back further; a longer time belongs into idleAfter or sessionLimit`,
      );
    if (profile.gpu && !parsed.pools[profile.gpu.pool])
      faults.push(`profiles.${slug}.gpu.pool: there is no pool "${profile.gpu.pool}"`);
  }
  if (parsed.kubernetes?.otherPods && !parsed.kubernetes.nodes)
    faults.push('kubernetes.otherPods: counts on nodes, so it needs kubernetes.nodes: true');
  const seen = new Set<string>();
  for (const [index, rule] of parsed.courseProfiles.entries()) {
    const path = `courseProfiles.${index}`;
    if (!parsed.profiles[rule.profile]) faults.push(`${path}.profile: there is no profile "${rule.profile}"`);
    if (seen.has(rule.id)) faults.push(`${path}.id: "${rule.id}" is used twice`);
    seen.add(rule.id);
    if (rule.opensAt && rule.closesAt && rule.opensAt >= rule.closesAt)
      faults.push(`${path}.closesAt: must be later than opensAt`);
  }
  const clientIds = parsed.bridge.clients.map((client) => client.id);
  if (new Set(clientIds).size < clientIds.length) faults.push('bridge.clients: two clients have the same id');
  if (!parsed.allowInsecureHttp) faults.push(...findInsecure(parsed));
  return faults;
}

function findInsecure(parsed: ParsedConfig): string[] {
  const addresses: readonly (readonly [string, string])[] = [
    ['moodle.wwwroot', parsed.moodle.wwwroot],
    ['bridge.publicUrl', parsed.bridge.publicUrl],
    ['hub.publicUrl', parsed.hub.publicUrl],
    ...parsed.bridge.clients.flatMap((client, index) =>
      client.redirectUris.map((address) => [`bridge.clients.${index}.redirectUris`, address] as const),
    ),
  ];
  return addresses
    .filter(([, address]) => address.startsWith('http://'))
    .map(([path]) => `${path}: is plain http; use https, or on a laptop set allowInsecureHttp: true`);
}

function findWarnings(parsed: ParsedConfig): string[] {
  const warnings: string[] = [];
  if (parsed.allowInsecureHttp)
    warnings.push('allowInsecureHttp is on: passwords and tokens travel in the clear. For laptops only.');
  if (new URL(parsed.bridge.publicUrl).hostname === new URL(parsed.hub.publicUrl).hostname)
    warnings.push(
      'bridge.publicUrl is on the host of hub.publicUrl: cookies ignore ports, so code in a user server can read what the bridge gives a browser. Give the bridge a host of its own.',
    );
  if (parsed.culler.dryRun) warnings.push('culler.dryRun is on: nothing is stopped.');
  if (parsed.courseProfiles.length === 0) warnings.push('courseProfiles is empty: no course gives anybody a server.');
  return warnings;
}

function readSecrets(
  parsed: ParsedConfig | null,
  env: Environment,
  services: readonly ServiceName[],
  faults: string[],
): Secrets {
  const need = (name: string, wanted: boolean): string | null => {
    if (!wanted) return null;
    const secret = readSecret(env, name);
    if ('value' in secret) return secret.value;
    faults.push(secret.fault);
    return null;
  };
  const runs = (name: ServiceName): boolean => services.includes(name);
  const bridge = runs('oauth-bridge');
  const serves = runs('course-profiles') || runs('moodle-sync');
  const databaseGiven = env['DATABASE_URL'] || env['DATABASE_URL_FILE'];
  const keysText = need('COURSEHUB_KEYS', bridge);
  const callers = parsed?.internal.callers ?? [];
  return {
    databaseUrl: need('DATABASE_URL', services.length < 4 || Boolean(databaseGiven)),
    kubeconfigFile: env['KUBECONFIG'] || null,
    keys: keysText === null ? null : parseKeys(keysText, faults),
    moodleOauthClientSecret: need('MOODLE_OAUTH_CLIENT_SECRET', bridge),
    moodleToken: need('MOODLE_TOKEN', runs('moodle-sync')),
    hubApiToken: need('HUB_API_TOKEN', runs('idle-culler')),
    bridgeClientSecrets: tokensOf(parsed?.bridge.clients.map((client) => client.id) ?? [], (id) =>
      need(`OIDC_CLIENT_SECRET_${variablePart(id)}`, bridge),
    ),
    internalTokens: tokensOf(
      callers.map((caller) => caller.name),
      (name) => need(`INTERNAL_TOKEN_${variablePart(name)}`, serves || (bridge && name === 'oauth-bridge')),
    ),
  };
}

/** A token names its caller: with one token for two, one of them would get the operations of the other. */
function findSharedTokens(tokens: ReadonlyMap<string, string>): string[] {
  const names = [...tokens.keys()];
  return names.flatMap((name, index) =>
    names
      .slice(index + 1)
      .filter((other) => tokens.get(other) === tokens.get(name))
      .map(
        (other) =>
          `INTERNAL_TOKEN_${variablePart(name)} and INTERNAL_TOKEN_${variablePart(other)} are the same: each caller needs a token of its own`,
      ),
  );
}

function tokensOf(names: readonly string[], read: (name: string) => string | null): ReadonlyMap<string, string> {
  const tokens = new Map<string, string>();
  for (const name of names) {
    const token = read(name);
    if (token !== null) tokens.set(name, token);
  }
  return tokens;
}

function parseKeys(text: string, faults: string[]): Secrets['keys'] {
  try {
    return keysSchema.parse(JSON.parse(text));
  } catch {
    // The cause would quote private keys.
    faults.push('COURSEHUB_KEYS is not a key file of `npm run admin -- keys new`');
    return null;
  }
}

/** LISTEN_HOST is the one setting that the environment overrides: only a pod itself knows its own address. */
function toConfig(parsed: ParsedConfig, env: Environment): Config {
  const pools: Pool[] = Object.entries(parsed.pools).map(([name, pool]) => ({ name, ...pool }));
  const profiles = new Map(Object.entries(parsed.profiles).map(([slug, profile]) => [slug, toProfile(slug, profile)]));
  const { sync, culler, prometheus, kubernetes } = parsed;
  return {
    site: parsed.site,
    allowInsecureHttp: parsed.allowInsecureHttp,
    listen: { ...parsed.listen, host: env['LISTEN_HOST'] || parsed.listen.host },
    database: parsed.database,
    moodle: {
      wwwroot: parsed.moodle.wwwroot,
      requestTimeoutSeconds: parsed.moodle.requestTimeout,
      localOauth: parsed.moodle.localOauth,
    },
    hub: {
      publicUrl: parsed.hub.publicUrl,
      apiUrl: parsed.hub.apiUrl,
      requestTimeoutSeconds: parsed.hub.requestTimeout,
    },
    bridge: { ...parsed.bridge, operators: parsed.bridge.operators.map((operator) => operator.moodleId) },
    roles: parsed.roles,
    pools,
    rules: parsed.courseProfiles.flatMap((rule) => toRule(rule, profiles)),
    sync: {
      everySeconds: sync.every,
      concurrency: sync.concurrency,
      freshForSeconds: sync.freshFor,
      signInTimeoutSeconds: sync.signInTimeout,
      guard: sync.guard,
    },
    culler: {
      everySeconds: culler.every,
      dryRun: culler.dryRun,
      concurrency: culler.concurrency,
      enrolmentEndedGraceSeconds: culler.enrolmentEndedGrace,
      admissionLifetimeSeconds: culler.admissionLifetime,
      missedSnapshots: culler.missedSnapshots,
    },
    prometheus: prometheus && {
      url: prometheus.url,
      scrapeIntervalSeconds: prometheus.scrapeInterval,
      requestTimeoutSeconds: prometheus.requestTimeout,
      metrics: prometheus.metrics,
    },
    kubernetes: kubernetes && {
      namespace: kubernetes.namespace,
      podSelector: kubernetes.podSelector,
      nodes: kubernetes.nodes,
      otherPods: kubernetes.otherPods,
      requestTimeoutSeconds: kubernetes.requestTimeout,
    },
    internal: parsed.internal,
    logging: parsed.logging,
  };
}

function toProfile(slug: string, profile: ParsedConfig['profiles'][string]): Profile {
  const { idle, startTimeout, ...rest } = profile;
  return {
    slug,
    ...rest,
    startTimeoutSeconds: startTimeout,
    idle: {
      idleAfterSeconds: idle.idleAfter,
      gpuIdleAfterSeconds: idle.gpuIdleAfter,
      gpuIdleThresholdPercent: idle.gpuIdleThresholdPercent,
      unknownLimitSeconds: idle.unknownLimit,
      sessionLimitSeconds: idle.sessionLimit,
      graceSeconds: idle.grace,
    },
  };
}

function toRule(
  rule: ParsedConfig['courseProfiles'][number],
  profiles: ReadonlyMap<string, Profile>,
): CourseProfileRule[] {
  const profile = profiles.get(rule.profile);
  if (!profile) return [];
  return [
    {
      id: rule.id,
      match: {
        moodleId: rule.course.id,
        shortname: rule.course.shortname,
        idnumber: rule.course.idnumber,
        categoryId: rule.course.category,
      },
      profile,
      audience: { roles: rule.roles, groups: rule.groups },
      opensAt: rule.opensAt,
      closesAt: rule.closesAt,
      maxSessionsPerPerson: rule.maxSessionsPerPerson,
      maxSessionsPerCourse: rule.maxSessionsPerCourse,
    },
  ];
}
