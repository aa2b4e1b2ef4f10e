// What the bridge's tests play with: the simulated Moodle, one or more bridges on one database, a stand-in for the hub, a test browser.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import * as client from 'openid-client';
import { createKeys } from '../../../services/admin/create-keys.ts';
import { createOauthBridge } from '../../../services/oauth-bridge/create-oauth-bridge.ts';
import { freePort } from '../../../src/runtime/free-port.ts';
import type { RunningProcess } from '../../../src/runtime/run-process.ts';
import { startServices } from '../../../src/runtime/start-process.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { campusSite } from '../../simulators/moodle/campus-site.ts';
import { type MoodleSite, userByUsername } from '../../simulators/moodle/model.ts';
import { type MoodleSimulator, startMoodleSimulator } from '../../simulators/moodle/server.ts';
import { type Browser, createBrowser } from '../../support/browser.ts';
import { loadTestConfig, TEST_ENVIRONMENT, testConfigText } from '../../support/test-config.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

export interface Listening {
  readonly url: string;
  readonly port: number;
  readonly stop: () => Promise<void>;
}

export async function listen(app: Express, port = 0): Promise<Listening> {
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const given = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${given}`,
    port: given,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface Signin {
  readonly claims: Record<string, unknown>;
  readonly tokens: client.TokenEndpointResponse;
  readonly idToken: Readonly<Record<string, unknown>>;
}

/** The hub's part: a real OpenID client, a session cookie and a logout that comes back to the bridge. */
export interface HubStandIn extends Listening {
  /** What the last callback brought, by person. */
  readonly signins: Signin[];
  readonly authorizeUrls: string[];
  readonly logouts: { count: number };
  readonly scope: { value: string };
}

export interface Campus {
  readonly database: TestDatabase;
  readonly moodle: MoodleSimulator;
  readonly hub: HubStandIn;
  readonly bridgeUrl: string;
  /** What a bridge has logged, as JSON objects. */
  readonly log: Record<string, unknown>[];
  readonly bridges: RunningProcess[];
  readonly startBridge: (port?: number, environment?: Readonly<Record<string, string>>) => Promise<RunningProcess>;
  readonly metric: (line: string) => Promise<number>;
  readonly stop: () => Promise<void>;
}

export interface CampusOptions {
  /** Further YAML, or a change of the whole text. */
  readonly config?: (text: string) => string;
  readonly prepare?: (site: MoodleSite) => void;
  readonly environment?: Readonly<Record<string, string>>;
  readonly hubClientSecret?: string;
  /** Started by the test itself. */
  readonly withoutBridge?: boolean;
  readonly publicPort?: number;
}

export async function startCampus(options: CampusOptions = {}): Promise<Campus> {
  const database = await createTestDatabase();
  const bridgePort = options.publicPort ?? (await freePort());
  const bridgeUrl = `http://bridge.localhost:${bridgePort}`;
  const site = campusSite({
    oauthClientSecret: 'moodle-client-secret',
    oauthRedirectUri: `${bridgeUrl}/callback/moodle`,
    webServiceToken: 'moodle-token',
  });
  options.prepare?.(site);
  const moodle = await startMoodleSimulator({ site });
  const hubPort = await freePort();
  const hub = await startHub(hubPort, bridgeUrl, bridgePort);
  const operator = userByUsername(site, 'gpuadmin').id;
  const text = testConfigText({ moodle: moodle.wwwroot, hub: hub.url, bridge: bridgeUrl }).replace(
    'operators: [{ moodleId: 1 }]',
    `operators: [{ moodleId: ${operator} }]`,
  );
  const keys = JSON.stringify(createKeys());
  const log: Record<string, unknown>[] = [];
  const logger = createLogger(
    { service: 'oauth-bridge', level: 'debug', personalNames: true },
    { write: (line: string) => void log.push(JSON.parse(line)) },
  );
  const bridges: RunningProcess[] = [];
  const startBridge: Campus['startBridge'] = async (port = 0, more = {}) => {
    const environment = {
      ...TEST_ENVIRONMENT,
      DATABASE_URL: database.url,
      COURSEHUB_KEYS: keys,
      ...options.environment,
      ...more,
    };
    const loaded = loadTestConfig(
      (options.config?.(text) ?? text).replace('publicPort: 0', `publicPort: ${port}`),
      environment,
      ['oauth-bridge'],
    );
    const running = await startServices(
      { name: 'oauth-bridge', services: ['oauth-bridge'], create: (given) => [createOauthBridge(given)] },
      loaded,
      logger,
    );
    bridges.push(running);
    return running;
  };
  const stop = async (): Promise<void> => {
    for (const bridge of bridges) await bridge.stop();
    await Promise.all([hub.stop(), moodle.stop()]);
    await database.drop();
  };
  if (!options.withoutBridge) {
    await startBridge(bridgePort).catch(async (error: unknown) => {
      await stop();
      throw error;
    });
  }
  const metric = async (line: string): Promise<number> => {
    let sum = 0;
    for (const bridge of bridges) {
      const text = await (await fetch(`http://127.0.0.1:${bridge.ports.ops}/metrics`)).text();
      const found = text.split('\n').find((row) => row.startsWith(`${line} `));
      sum += Number(found?.split(' ').at(-1) ?? Number.NaN);
    }
    return sum;
  };
  return { database, moodle, hub, bridgeUrl, log, bridges, startBridge, metric, stop };
}

async function startHub(port: number, bridgeUrl: string, bridgePort: number): Promise<HubStandIn> {
  const url = `http://hub.localhost:${port}`;
  const signins: Signin[] = [];
  const authorizeUrls: string[] = [];
  const logouts = { count: 0 };
  const scope = { value: 'openid profile' };
  const pending = new Map<string, string>();
  let configuration: client.Configuration | null = null;
  const app = express();
  app.get('/hub/oauth_login', async (_req, res) => {
    configuration ??= await discoverBridge(bridgeUrl, bridgePort);
    const verifier = client.randomPKCECodeVerifier();
    const state = client.randomState();
    pending.set(state, verifier);
    const target = client.buildAuthorizationUrl(configuration, {
      redirect_uri: `${url}/hub/oauth_callback`,
      scope: scope.value,
      state,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    authorizeUrls.push(target.href);
    res.cookie('oauthenticator-state', state, { httpOnly: true }).redirect(target.href);
  });
  app.get('/hub/oauth_callback', async (req, res) => {
    const state = String(req.query['state']);
    const verifier = pending.get(state);
    const cookie = /oauthenticator-state=([^;]*)/.exec(req.headers.cookie ?? '')?.[1];
    if (!configuration || !verifier || decodeURIComponent(cookie ?? '') !== state) {
      res.status(400).send('OAuth state mismatch');
      return;
    }
    try {
      const tokens = await client.authorizationCodeGrant(configuration, new URL(req.originalUrl, url), {
        expectedState: state,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const claims = await client.fetchUserInfo(configuration, tokens.access_token, tokens.claims()?.sub ?? '');
      signins.push({ claims, tokens, idToken: { ...tokens.claims() } });
      res.cookie('hub-login', String(claims['preferred_username'])).redirect('/hub/home');
    } catch (error) {
      res.status(400).send(`sign-in failed: ${error instanceof Error ? error.message : ''}`);
    }
  });
  app.get('/hub/home', (req, res) => {
    res.send(`<h1>hub of ${/hub-login=([^;]*)/.exec(req.headers.cookie ?? '')?.[1] ?? 'nobody'}</h1>`);
  });
  app.get('/hub/logout', (_req, res) => {
    logouts.count += 1;
    res.clearCookie('hub-login').clearCookie('oauthenticator-state').redirect(`${bridgeUrl}/after-logout`);
  });
  const listening = await listen(app, port);
  return { ...listening, url, signins, authorizeUrls, logouts, scope };
}

/** Node does not resolve *.localhost: the client's calls go to the port on 127.0.0.1. */
export async function discoverBridge(
  bridgeUrl: string,
  port: number,
  secret = 'oidc-client-secret',
  id = 'jupyterhub',
) {
  return client.discovery(new URL(bridgeUrl), id, undefined, client.ClientSecretPost(secret), {
    execute: [client.allowInsecureRequests],
    [client.customFetch]: (address, init) =>
      fetch(address.replace(`http://bridge.localhost:${port}`, `http://127.0.0.1:${port}`), init as RequestInit),
  });
}

/** From the hub's button through Moodle's login and, the first time, its consent page. */
export async function signIn(
  campus: Pick<Campus, 'hub'>,
  username: string,
  browser: Browser = createBrowser(),
): Promise<Browser> {
  await browser.get(`${campus.hub.url}/hub/oauth_login`);
  await passMoodle(browser, username);
  return browser;
}

export async function passMoodle(browser: Browser, username: string): Promise<void> {
  if (browser.page.text.includes('loginbtn')) await browser.submit({ username, password: 'demo' }, 'loginbtn');
  if (browser.page.text.includes('_qf__local_oauth'))
    await browser.submit({ submitbutton: 'Confirm' }, '_qf__local_oauth');
}

/** Follows redirects one by one and stops in front of the first address that fits; returns it. */
export async function followUntil(browser: Browser, fits: (url: URL) => boolean): Promise<URL> {
  for (let hops = 0; hops < 30; hops += 1) {
    const { location } = browser.page.headers;
    if (location === undefined) throw new Error(`no redirect on ${browser.page.url.href} (${browser.page.status})`);
    const next = new URL(location, browser.page.url);
    if (fits(next)) return next;
    await browser.get(next, { follow: false });
  }
  throw new Error('too many redirects');
}

/** Begins at the hub and stops in front of the address whose path begins so. The browser must be signed in at Moodle and have consented. */
export async function beginUntil(campus: Pick<Campus, 'hub'>, browser: Browser, pathStart: string): Promise<URL> {
  await browser.get(`${campus.hub.url}/hub/oauth_login`, { follow: false });
  return followUntil(browser, (url) => url.pathname.startsWith(pathStart));
}

export async function signOutOfMoodle(campus: Pick<Campus, 'moodle'>, browser: Browser): Promise<void> {
  await browser.get(`${campus.moodle.wwwroot}/login/logout.php`);
  await browser.submit();
}

/** Signs in at Moodle alone. */
export async function signInAtMoodle(
  campus: Pick<Campus, 'moodle'>,
  browser: Browser,
  username: string,
): Promise<void> {
  await browser.get(`${campus.moodle.wwwroot}/login/index.php`);
  await browser.submit({ username, password: 'demo' }, 'loginbtn');
}
