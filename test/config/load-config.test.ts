// The configuration: all faults at once, unknown keys refuse the start, secrets by variable or file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { SERVICES } from '../../src/config/config.ts';
import { parseDurationSeconds } from '../../src/config/duration.ts';
import { ConfigError, resolveConfig } from '../../src/config/load-config.ts';
import { parseCores } from '../../src/config/quantity.ts';
import { TEST_ENVIRONMENT, testConfigText } from '../support/test-config.ts';

const SYNC_ONLY = ['moodle-sync'] as const;
const faultsOf = (
  text: string,
  env: Readonly<Record<string, string>> = TEST_ENVIRONMENT,
  services: readonly (typeof SERVICES)[number][] = SYNC_ONLY,
): readonly string[] => {
  try {
    resolveConfig(text, env, services);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
};

describe('resolveConfig', () => {
  it('fills defaults and turns durations into seconds', () => {
    const { config, secrets } = resolveConfig(testConfigText(), TEST_ENVIRONMENT, SYNC_ONLY);
    expect(config.culler).toMatchObject({ everySeconds: 30, concurrency: 10, enrolmentEndedGraceSeconds: 900 });
    expect(config.rules[0]).toMatchObject({
      id: 'gpu',
      profile: {
        slug: 'gpu-small',
        idle: { gpuIdleAfterSeconds: 1800, sessionLimitSeconds: 14_400, unknownLimitSeconds: 21_600 },
      },
    });
    expect(config.rules[1]?.profile.idle.sessionLimitSeconds).toBeNull();
    expect(secrets).toMatchObject({ moodleToken: 'moodle-token', hubApiToken: null, keys: null });
  });

  it('names every fault in one go', () => {
    const text = testConfigText({}, 'sunc: {}\n')
      .replace('idleAfter: 1h, gpuIdleAfter: 30m', 'idleAfter: 1 hour, gpuIdleAfter: 30m')
      .replace('timeZone: Europe/Berlin', 'timeZone: Berlin')
      .replace('memory: { guarantee: 2G', 'memory: { guarantee: lots');
    const faults = faultsOf(text, {});
    expect(faults.join('\n')).toMatch(/sunc: there is no such key/);
    expect(faults.join('\n')).toMatch(/profiles\.gpu-small\.idle\.idleAfter: "1 hour" is not a duration/);
    expect(faults.join('\n')).toMatch(/site\.timeZone/);
    expect(faults.join('\n')).toMatch(/profiles\.gpu-small\.memory\.guarantee/);
    expect(faults.join('\n')).toMatch(/MOODLE_TOKEN is missing/);
    expect(faults.join('\n')).toMatch(/DATABASE_URL is missing/);
  });

  it.each([
    ['gpuIdleAfter: 30m', 'gpuIdleAfter: 30', /idle\.gpuIdleAfter: must be a duration with its unit, for example 90s/],
    ['limit: 8G', 'limit: 8', /memory\.limit: must be an amount of memory with its unit/],
    ['publicPort: 0', 'publicPort: "80"', /listen\.publicPort: must be a number, and is text/],
    ['allowInsecureHttp: true', 'allowInsecureHttp: ~', /allowInsecureHttp: must be true or false, and is empty/],
    ['ta: assistant', 'ta: tutor', /roles\.ta: must be one of student, assistant, instructor/],
    ['gpuIdleAfter: 30m', 'gpuIdleAfter: 0s', /idle\.gpuIdleAfter: must be longer than 0/],
    ['roles: {', 'sync: { every: 0s }\nroles: {', /sync\.every: must be longer than 0/],
    ['roles: {', 'roles {', /^the file is not valid YAML: .* at line \d+, column \d+$/],
  ])('says what is wrong with "%s" as "%s"', (right, wrong, sentence) => {
    const faults = faultsOf(testConfigText().replace(right, wrong));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(sentence);
  });

  it('says that a list is no configuration', () => {
    expect(faultsOf('- a')).toEqual(['(top level): must be a section with keys, and is a list']);
  });

  it('refuses one token for two callers', () => {
    const env = { ...TEST_ENVIRONMENT, INTERNAL_TOKEN_HUB: 'same', INTERNAL_TOKEN_OPERATOR: 'same' };
    expect(faultsOf(testConfigText(), env)).toEqual([
      'INTERNAL_TOKEN_HUB and INTERNAL_TOKEN_OPERATOR are the same: each caller needs a token of its own',
    ]);
  });

  it('keeps callback addresses as they are written', () => {
    const text = testConfigText().replace('/hub/oauth_callback', '/login/');
    const { config } = resolveConfig(text, TEST_ENVIRONMENT, SYNC_ONLY);
    expect(config.bridge.clients[0]?.redirectUris).toEqual(['http://127.0.0.1:9/login/']);
  });

  it("warns of a bridge on the hub's host", () => {
    const warningsOf = (bridge: string) =>
      resolveConfig(testConfigText({ hub: 'http://hub.test', bridge }), TEST_ENVIRONMENT, SYNC_ONLY).warnings;
    expect(warningsOf('http://hub.test:8443').join()).toContain('cookies ignore ports');
    expect(warningsOf('http://bridge.test').join()).not.toContain('cookies ignore ports');
  });

  it.each([
    [
      'a bridge below a path',
      testConfigText({ bridge: 'http://hub.test/services/bridge' }),
      /bridge\.publicUrl: must be a host of its own/,
    ],
    ['a callback address with a fragment', testConfigText().replace('oauth_callback', 'cb#x'), /redirectUris.*"#"/],
    [
      'a callback over plain http',
      testConfigText().replace('allowInsecureHttp: true', 'allowInsecureHttp: false'),
      /redirectUris: is plain http/,
    ],
    ['a pool that does not exist', testConfigText().replace('pool: gpu }', 'pool: tpu }'), /there is no pool "tpu"/],
    [
      'a profile that does not exist',
      testConfigText().replace('profile: cpu }', 'profile: cpus }'),
      /there is no profile "cpus"/,
    ],
    ['a rule id used twice', testConfigText().replace('{ id: cpu, course', '{ id: gpu, course'), /"gpu" is used twice/],
    [
      'a window that ends before it begins',
      testConfigText().replace(
        'maxSessionsPerPerson: 1',
        "opensAt: '2027-01-02T00:00:00Z', closesAt: '2027-01-01T00:00:00Z'",
      ),
      /closesAt: must be later/,
    ],
    [
      'a time without its zone',
      testConfigText().replace('maxSessionsPerPerson: 1', "opensAt: '2027-01-02T00:00:00'"),
      /opensAt: must be a time with its zone/,
    ],
    [
      'a rule that names no course',
      testConfigText().replace("course: { shortname: 'D*' }", 'course: {}'),
      /name the course by/,
    ],
    [
      'plain http',
      testConfigText().replace('allowInsecureHttp: true', 'allowInsecureHttp: false'),
      /moodle\.wwwroot: is plain http/,
    ],
    ['a number for a text', testConfigText().replace('title: CPU', 'title: 5'), /profiles\.cpu\.title/],
    ['a key given twice', `${testConfigText()}\nsite: {}\n`, /not valid YAML/],
    ['no YAML', '{ site: [', /not valid YAML/],
    [
      'a GPU window that cannot be measured',
      testConfigText().replace('gpuIdleAfter: 30m', 'gpuIdleAfter: 3h'),
      /gpuIdleAfter: at most 2h/,
    ],
    ['a list', '- 1', /\(top level\)/],
    ['nothing', '', /site: is missing/],
  ])('refuses %s', (_what, text, fault) => {
    expect(faultsOf(text).join('\n')).toMatch(fault);
  });

  it('reads X_FILE, refuses both, and never quotes a secret', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'coursehub-config-'));
    const file = path.join(directory, 'token');
    writeFileSync(file, 'from-file\n');
    const { MOODLE_TOKEN: _token, ...env } = TEST_ENVIRONMENT;
    try {
      expect(resolveConfig(testConfigText(), { ...env, MOODLE_TOKEN_FILE: file }, SYNC_ONLY).secrets.moodleToken).toBe(
        'from-file',
      );
      const both = faultsOf(testConfigText(), { ...env, MOODLE_TOKEN: 'hush-hush', MOODLE_TOKEN_FILE: file });
      expect(both).toEqual([expect.stringContaining('both MOODLE_TOKEN and MOODLE_TOKEN_FILE')]);
      expect(faultsOf(testConfigText(), { ...env, MOODLE_TOKEN_FILE: `${file}x` })).toEqual([
        expect.stringContaining('cannot be read'),
      ]);
      const keys = faultsOf(
        testConfigText(),
        { ...TEST_ENVIRONMENT, COURSEHUB_KEYS: '{"signing":"hush-hush"}' },
        SERVICES,
      );
      expect(keys).toEqual([expect.stringContaining('COURSEHUB_KEYS is not a key file')]);
      expect([...both, ...keys].join()).not.toContain('hush');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('quantities', () => {
  it.each([
    ['90s', 90],
    ['45m', 2700],
    ['1h30m', 5400],
    ['1.5h', 5400],
    ['7d', 604_800],
    ['0s', 0],
    ['', null],
    ['5', null],
    ['m', null],
    ['-5m', null],
    ['5 m', null],
  ])('duration %j -> %j', (text, seconds) => {
    expect(parseDurationSeconds(text)).toBe(seconds);
  });
  it.each([
    ['500m', 0.5],
    ['2', 2],
    ['0.5', 0.5],
    ['two', null],
    ['', null],
  ])('cores %j -> %j', (text, amount) => {
    expect(parseCores(text)).toBe(amount);
  });
});

describe('Kubernetes and the environment', () => {
  it('is off by default, and takes the kubeconfig file from KUBECONFIG', () => {
    const { config, secrets } = resolveConfig(testConfigText(), TEST_ENVIRONMENT, SYNC_ONLY);
    expect([config.kubernetes, secrets.kubeconfigFile]).toEqual([null, null]);
    const text = testConfigText({}, 'kubernetes: { namespace: campus, nodes: true }\n');
    const given = resolveConfig(text, { ...TEST_ENVIRONMENT, KUBECONFIG: '/run/kubeconfig' }, SYNC_ONLY);
    expect(given.config.kubernetes).toEqual({
      namespace: 'campus',
      podSelector: 'component=singleuser-server',
      nodes: true,
      otherPods: false,
      requestTimeoutSeconds: 10,
    });
    expect(given.secrets.kubeconfigFile).toBe('/run/kubeconfig');
  });
  it('refuses pods of others without nodes, and what is no namespace', () => {
    const faults = (section: string) => faultsOf(testConfigText({}, `kubernetes: ${section}\n`)).join('\n');
    expect(faults('{ namespace: campus, otherPods: true }')).toContain('kubernetes.otherPods: counts on nodes');
    expect(faults('{ namespace: Campus_1 }')).toContain('kubernetes.namespace: must be the name of a namespace');
    expect(faults('{}')).toContain('kubernetes.namespace: is missing');
  });
  it('listens where LISTEN_HOST says, when it is set', () => {
    const hostWith = (env: Readonly<Record<string, string>>) =>
      resolveConfig(testConfigText(), { ...TEST_ENVIRONMENT, ...env }, SYNC_ONLY).config.listen.host;
    expect(hostWith({ LISTEN_HOST: '127.0.0.7' })).toBe('127.0.0.7');
    expect(hostWith({ LISTEN_HOST: '' })).toBe('127.0.0.1');
  });
});
