// The hub client and the culler against a real JupyterHub with its real proxy: scopes, lists, stops. Needs the Python environment in .cache/venv.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdleCuller } from '../../../services/idle-culler/create-idle-culler.ts';
import { insertSession } from '../../../src/database/admissions.ts';
import { requestStop } from '../../../src/database/metering.ts';
import { hubUsername, personId, sessionId } from '../../../src/domain/ids.ts';
import { createHubApi, type HubApi } from '../../../src/jupyterhub/hub-api.ts';
import { CULLER_SCOPES } from '../../../src/jupyterhub/hub-error.ts';
import { freePort } from '../../../src/runtime/free-port.ts';
import { eventually } from '../../support/eventually.ts';
import { seedRoster } from '../../support/seed-roster.ts';
import { startTestServices } from '../../support/start-test-services.ts';
import { testConfigText } from '../../support/test-config.ts';
import { createTestDatabase } from '../../support/test-database.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const PYTHON = path.join(ROOT, '.cache/venv/bin/python');
const PROXY = path.join(ROOT, 'node_modules/.bin/configurable-http-proxy');
const missing = !existsSync(PYTHON);
if (missing && process.env['CI'] !== 'true')
  process.stderr.write('.cache/venv has no JupyterHub: the tests with the real hub are skipped.\n');

/** The cheapest single-user server that JupyterHub accepts. */
const SINGLE_USER = `
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit
class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *args): pass
address = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
ThreadingHTTPServer((address.hostname, address.port), Answer).serve_forever()
`;

const TOKENS = {
  starter: 'token-of-the-starter',
  culler: 'token-of-the-culler',
  reader: 'token-without-delete',
  blind: 'token-without-read-servers',
  limited: 'token-for-one-user-only',
};

function hubConfig(
  folder: string,
  ports: { readonly hub: number; readonly proxy: number; readonly public: number },
): string {
  const services = Object.entries(TOKENS).map(([name, token]) => ({ name, api_token: token }));
  const role = (name: string, scopes: readonly string[]): object => ({ name, services: [name], scopes });
  const roles = [
    role('starter', ['admin:users', 'admin:servers']),
    role('culler', CULLER_SCOPES),
    role('reader', ['list:users', 'read:users:activity', 'read:servers']),
    role('blind', ['list:users', 'read:users:activity', 'delete:servers']),
    role('limited', ['list:users!user=alice', 'read:users:activity', 'read:servers', 'delete:servers!user=alice']),
  ];
  return `
import sys
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:${ports.public}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:${ports.hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:${ports.proxy}"
c.ConfigurableHTTPProxy.command = [${JSON.stringify(PROXY)}]
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.allow_named_servers = True
c.SimpleLocalProcessSpawner.home_dir_template = ${JSON.stringify(`${folder}/home-{username}`)}
c.Spawner.cmd = [sys.executable, ${JSON.stringify(path.join(folder, 'single_user.py'))}]
c.JupyterHub.services = ${JSON.stringify(services)}
c.JupyterHub.load_roles = ${JSON.stringify(roles)}
`;
}

describe.skipIf(missing && process.env['CI'] !== 'true')('a real JupyterHub', () => {
  let folder: string;
  let process_: ChildProcess;
  let apiUrl: string;

  const api = (token: keyof typeof TOKENS): HubApi =>
    createHubApi({ apiUrl, token: TOKENS[token], requestTimeoutSeconds: 10, concurrency: 5 });
  const admin = (method: string, address: string): Promise<Response> =>
    fetch(apiUrl + address, { method, headers: { Authorization: `token ${TOKENS.starter}` } });
  const start = async (user: string, server = ''): Promise<void> => {
    await admin('POST', `/users/${encodeURIComponent(user)}`);
    const address = server === '' ? 'server' : `servers/${encodeURIComponent(server)}`;
    await admin('POST', `/users/${encodeURIComponent(user)}/${address}`);
    await eventually(async () => (await find(user, server))?.ready, `${user}/${server} is ready`, 30_000);
  };
  const find = async (user: string, server = '') =>
    (await api('culler').listServers()).find((each) => each.hubUsername === user && each.serverName === server);

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'coursehub-hub-'));
    mkdirSync(path.join(folder, 'home'));
    const ports = { public: await freePort(), hub: await freePort(), proxy: await freePort() };
    writeFileSync(path.join(folder, 'single_user.py'), SINGLE_USER);
    writeFileSync(path.join(folder, 'config.py'), hubConfig(folder, ports));
    const log = openSync(path.join(folder, 'hub.log'), 'w');
    process_ = spawn(PYTHON, ['-m', 'jupyterhub', '-f', 'config.py'], {
      cwd: folder,
      env: {
        PATH: `${path.dirname(PROXY)}:${path.dirname(PYTHON)}:${process.env['PATH']}`,
        HOME: path.join(folder, 'home'),
      },
      stdio: ['ignore', log, log],
    });
    apiUrl = `http://127.0.0.1:${ports.hub}/hub/api`;
    await eventually(
      async () => {
        if (process_.exitCode !== null)
          throw new Error(readFileSync(path.join(folder, 'hub.log'), 'utf8').slice(-1500));
        return (await admin('GET', '/info')).status < 500;
      },
      'the hub answers',
      60_000,
    );
    await eventually(async () => (await api('culler').listServers()).length === 0, 'the roles are loaded', 30_000);
    await Promise.all([start('alice'), start('bob', 'lab 1')]);
  });
  afterAll(async () => {
    if (process_?.exitCode === null) {
      const ended = new Promise((resolve) => process_.once('exit', resolve));
      process_.kill('SIGTERM');
      await ended;
    }
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  it('is enough with exactly the scopes that we ask for', async () => {
    await api('culler').proveScopes(CULLER_SCOPES);
    const alice = await find('alice');
    expect(alice).toMatchObject({ ready: true, pending: null, serverName: '' });
    expect(Math.abs(Date.now() - Number(alice?.startedAt))).toBeLessThan(120_000);
    expect(Number(alice?.lastActivityAt)).toBeGreaterThanOrEqual(Number(alice?.startedAt));
    expect(await find('bob', 'lab 1')).toMatchObject({ ready: true });
  });

  it('refuses in sentences that name what is missing', async () => {
    await expect(api('reader').proveScopes(CULLER_SCOPES)).rejects.toThrow('lacks delete:servers (');
    await expect(api('blind').listServers()).rejects.toThrow('lacks read:servers (');
    await expect(api('limited').proveScopes(CULLER_SCOPES)).rejects.toThrow('lacks list:users, delete:servers (');
    const stranger = createHubApi({ apiUrl, token: 'nobody', requestTimeoutSeconds: 10, concurrency: 1 });
    await expect(stranger.listServers()).rejects.toThrow('it is not a token of this hub');
    expect(await api('reader').stopServer('alice', '')).toMatchObject({
      outcome: 'refused',
      message: expect.stringContaining('delete:servers'),
    });
    // 404 for what the role's filter leaves out is not "gone".
    expect(await api('limited').stopServer('bob', 'lab 1')).toMatchObject({ outcome: 'refused' });
  });

  it('stops, and knows what is not there', async () => {
    expect(await api('culler').stopServer('bob', 'lab 1')).toEqual({ outcome: 'stopped' });
    expect(await find('bob', 'lab 1')).toBeUndefined();
    expect(await api('culler').stopServer('nobody', '')).toEqual({ outcome: 'absent' });
    expect(await api('culler').stopServer('bob', 'other')).toEqual({ outcome: 'absent' });
  });

  it('loses exactly the server that the culler was asked to stop', async () => {
    await start('carol');
    const database = await createTestDatabase();
    const roster = await seedRoster(database.db);
    const course = await roster.course('DL202');
    const person = await roster.person({ hubUsername: 'carol' });
    await roster.enrol(person, course);
    const id = sessionId(
      await insertSession(database.db, {
        requestId: 'r1',
        personId: personId(person),
        hubUsername: hubUsername('carol'),
        serverName: '',
        courseId: course,
        courseProfileId: `${course}-cpu`,
        snapshot: { profile: { idle: {} }, audience: { roles: ['student'], groups: [] }, closes_at: null },
        pool: null,
        gpuResource: null,
        gpuCount: 0,
        gpuWeight: 1,
        namespace: 'local',
        pod: 'carol--',
        admissionExpiresAt: new Date(Date.now() + 60_000),
        mustEndAt: null,
      }),
    );
    const services = await startTestServices({
      name: 'idle-culler',
      services: ['idle-culler'],
      create: (environment) => [createIdleCuller(environment)],
      configText: testConfigText({ hubApi: apiUrl }),
      databaseUrl: database.url,
      env: { HUB_API_TOKEN: TOKENS.culler },
    });
    const row = () => database.db.selectFrom('session').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    try {
      await eventually(async () => (await row()).first_seen_at, 'the server is seen');
      await requestStop(database.db, id, 'operator:boss', '');
      await eventually(async () => (await row()).end_reason === 'requested', 'the stop');
      expect(await find('carol')).toBeUndefined();
      expect(await find('alice')).toMatchObject({ ready: true });
      expect(Number((await row()).ended_at)).toBeGreaterThanOrEqual(Number((await row()).started_at));
      const unmanaged = await database.db.selectFrom('unmanaged_server').select('hub_username').execute();
      expect(unmanaged).toEqual([{ hub_username: 'alice' }]);
    } finally {
      await services.stop();
      await database.drop();
    }
  });
});
