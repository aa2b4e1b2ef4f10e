// A simulated JupyterHub REST API as the culler sees it: list users with servers, stop one (integration.md 5; jupyterhub 5.5 apihandlers/users.py).
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Request, type Response } from 'express';

export interface SimulatedServer {
  ready: boolean;
  pending: 'spawn' | 'stop' | 'check' | null;
  started: Date | null;
  lastActivity: Date | null;
}

export type HubFault = 'down' | '500' | 'html' | 'slow' | 'no_servers';

export interface HubSimulator {
  /** `…/hub/api` */
  readonly apiUrl: string;
  readonly token: string;
  /** A ready server; `change` for the rest. */
  readonly start: (user: string, server: string, change?: Partial<SimulatedServer>) => void;
  readonly remove: (user: string, server: string) => void;
  readonly find: (user: string, server: string) => SimulatedServer | undefined;
  fault: HubFault | null;
  /** Expanded scopes of the token. Lists and stops do not look at them. */
  scopes: readonly string[];
  /** Status of the next stops; null: as the hub does. */
  stopStatus: number | null;
  /** How long a stop takes; the hub answers 202 when it is longer than `slowStopSeconds`. */
  stopSeconds: number;
  slowStopSeconds: number;
  /** Called when a server has stopped and before the stop is answered: the place of the glue's post_stop_hook. */
  onStopped: (user: string, server: string) => Promise<void>;
  /** Called before each page of users is made: the list may change between two pages. */
  beforePage: (offset: number) => void;
  /** `<user>/<server>` of each stop that was asked for. */
  readonly stops: readonly string[];
  /** The highest number of stops at one time. */
  readonly mostParallelStops: () => number;
  readonly listCalls: () => number;
  readonly stop: () => Promise<void>;
}

type Servers = Map<string, Map<string, SimulatedServer>>;

export async function startHubSimulator(token = 'hub-api-token'): Promise<HubSimulator> {
  const users: Servers = new Map();
  const stops: string[] = [];
  const counts = { now: 0, most: 0, lists: 0 };
  const app = express();
  app.disable('x-powered-by');
  const server = createServer(app);

  const remove = (user: string, name: string): void => {
    users.get(user)?.delete(name);
    if (users.get(user)?.size === 0) users.delete(user);
  };
  const hub = {
    token,
    fault: null as HubFault | null,
    scopes: [
      'list:users',
      'read:users:name',
      'read:users:activity',
      'read:servers',
      'delete:servers',
    ] as readonly string[],
    stopStatus: null as number | null,
    stopSeconds: 0,
    slowStopSeconds: 10,
    onStopped: async (_user: string, _server: string): Promise<void> => undefined,
    beforePage: (_offset: number): void => undefined,
  };

  app.use('/hub/api', (request, response, next) => {
    if (hub.fault !== null && answerWrong(response, hub.fault)) return;
    // 403, not 401 (integration.md 5).
    if (request.get('authorization') !== `token ${token}`)
      response.status(403).json({ status: 403, message: 'Missing or invalid credentials.' });
    else next();
  });
  app.get('/hub/api/user', (_request, response) => {
    response.json({ kind: 'service', name: 'culler', roles: ['culler'], admin: false, scopes: hub.scopes });
  });
  app.get('/hub/api/users', (request, response) => {
    counts.lists += 1;
    hub.beforePage(Number(request.query['offset'] ?? 0));
    listUsers(users, hub.fault === 'no_servers', request, response);
  });
  const stopServer = async (request: Request, response: Response): Promise<void> => {
    const user = String(request.params['user']);
    const name = String(request.params['server'] ?? '');
    stops.push(`${user}/${name}`);
    const found = users.get(user)?.get(name);
    if (hub.stopStatus !== null) {
      response.status(hub.stopStatus).json({ status: hub.stopStatus, message: 'told to by the test' });
      return;
    }
    if (!found) {
      response.status(404).json({ status: 404, message: 'Not Found' });
      return;
    }
    found.pending = 'stop';
    found.ready = false;
    counts.now += 1;
    counts.most = Math.max(counts.most, counts.now);
    const stopped = seconds(hub.stopSeconds).then(async () => {
      remove(user, name);
      counts.now -= 1;
      await hub.onStopped(user, name);
    });
    const slow = hub.stopSeconds > hub.slowStopSeconds;
    if (slow) response.status(202).end();
    await stopped;
    if (!slow) response.status(204).end();
  };
  app.delete('/hub/api/users/:user/server', stopServer);
  app.delete('/hub/api/users/:user/servers/:server', stopServer);

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(hub, {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hub/api`,
    stops,
    remove,
    start(user: string, name: string, change: Partial<SimulatedServer> = {}): void {
      const servers = users.get(user) ?? new Map<string, SimulatedServer>();
      const now = new Date();
      servers.set(name, { ready: true, pending: null, started: now, lastActivity: now, ...change });
      users.set(user, servers);
    },
    find: (user: string, name: string) => users.get(user)?.get(name),
    mostParallelStops: () => counts.most,
    listCalls: () => counts.lists,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

const seconds = (amount: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, amount * 1000));

/** @returns true when it has answered (or will never). */
function answerWrong(response: Response, fault: HubFault): boolean {
  switch (fault) {
    case 'down':
      response.socket?.destroy();
      return true;
    case '500':
      response.status(500).json({ status: 500, message: 'Internal Server Error' });
      return true;
    case 'html':
      response.type('html').send('<html>some other program</html>');
      return true;
    case 'slow':
      return true;
    case 'no_servers':
      return false;
  }
}

/** Paginated only with exactly the right Accept; without it a plain list, cut at 200. */
function listUsers(users: Servers, withoutServers: boolean, request: Request, response: Response): void {
  const all = [...users].sort(([left], [right]) => left.localeCompare(right));
  const offset = Number(request.query['offset'] ?? 0);
  const limit = Math.min(Number(request.query['limit'] ?? 50), 200);
  const items = all.slice(offset, offset + limit).map(([name, servers]) => ({
    kind: 'user',
    name,
    last_activity: new Date().toISOString(),
    ...(withoutServers
      ? {}
      : { servers: Object.fromEntries([...servers].map((entry) => [entry[0], model(name, entry)])) }),
  }));
  if (request.get('accept') !== 'application/jupyterhub-pagination+json') {
    response.json(items);
    return;
  }
  const next = offset + limit < all.length ? { offset: offset + limit, limit, url: 'http://elsewhere/' } : null;
  response.json({ items, _pagination: { offset, limit, total: all.length, next } });
}

const model = (user: string, [name, server]: readonly [string, SimulatedServer]): object => ({
  name,
  full_name: `${user}/${name}`,
  last_activity: server.lastActivity?.toISOString().replace('Z', '000Z') ?? null,
  started: server.started?.toISOString().replace('Z', '000Z') ?? null,
  pending: server.pending,
  ready: server.ready,
  stopped: false,
  url: `/user/${user}/`,
  user_options: {},
});
