// JupyterHub's REST API as the culler uses it: list what runs, stop one server (integration.md 5.1, 5.2).
import type { AxiosInstance, AxiosRequestConfig, AxiosResponse } from 'axios';
import type { Histogram } from 'prom-client';
import type { HubServer } from '../domain/culling/presence.ts';
import { createHttpClient, describeNetworkError } from '../http/http-client.ts';
import { CULLER_SCOPES, HubError } from './hub-error.ts';
import { identity, showsServers, toHubServers, type UserPage, userPage } from './server-list.ts';

export interface HubApiOptions {
  /** `http://hub:8081/hub/api` */
  readonly apiUrl: string;
  readonly token: string;
  readonly requestTimeoutSeconds: number;
  readonly concurrency: number;
  readonly duration?: Histogram<string> | undefined;
}

export type StopAnswer =
  /** 204: it has stopped. */
  | { readonly outcome: 'stopped' }
  /** 202: the hub works on it; the next snapshots show how it went. */
  | { readonly outcome: 'stopping' }
  /** 404: no such server or user. */
  | { readonly outcome: 'absent' }
  | { readonly outcome: 'refused'; readonly message: string }
  /** Nobody knows what became of the request. */
  | { readonly outcome: 'unanswered'; readonly message: string };

export interface HubApi {
  /**
   * Proves that the token sees everybody. A role that is limited to some users or groups (`list:users!group=x`) gets short lists without an error,
   * and whoever is not listed would look gone. Throws a HubError that names what is missing.
   */
  readonly proveScopes: (needed: readonly string[]) => Promise<void>;
  /** Servers that run, start or stop. One good snapshot, or a HubError: never a part of the list. */
  readonly listServers: () => Promise<readonly HubServer[]>;
  readonly stopServer: (hubUsername: string, serverName: string) => Promise<StopAnswer>;
}

/** The hub's maximum (jupyterhub api_page_max_limit). */
const PAGE_SIZE = 200;
/** So many users may leave between two pages before the reader has to step back. */
const OVERLAP = 20;
const MOST_STEPS_BACK = 10;
/** Exactly this token: a `;q=` behind it gives a plain, cut list (integration.md 5.2). */
const PAGINATION = 'application/jupyterhub-pagination+json';
/** The hub answers a stop after up to slow_stop_timeout, 10 s by default. */
const STOP_SECONDS = 15;

export function createHubApi(options: HubApiOptions): HubApi {
  const common = {
    upstream: 'hub',
    baseUrl: options.apiUrl,
    headers: { Authorization: `token ${options.token}` },
    duration: options.duration,
  };
  const reads = createHttpClient({ ...common, timeoutSeconds: options.requestTimeoutSeconds });
  const stops = createHttpClient({
    ...common,
    timeoutSeconds: options.requestTimeoutSeconds + STOP_SECONDS,
    // The next cycle looks first, then tries again.
    retries: 0,
    maxSockets: options.concurrency,
  });
  return {
    proveScopes: (needed) => proveScopes(reads, needed),
    listServers: () => listServers(reads),
    stopServer: (hubUsername, serverName) => stopServer(stops, hubUsername, serverName),
  };
}

async function proveScopes(client: AxiosInstance, needed: readonly string[]): Promise<void> {
  const response = await ask(client, '/user', {});
  const self = identity.safeParse(parseJson(response.data));
  if (response.status !== 200 || !self.success) throw new HubError('unreadable', notAnApi(response.status));
  const missing = needed.filter((scope) => !self.data.scopes.includes(scope));
  if (missing.length > 0) throw new HubError('refused', refusal(missing));
}

/**
 * `active` has those that start or stop too, in the order of ids. Pages are by offset, and users leave and join while they are read: each page begins
 * inside the last one. When its first user has been read already nobody can be missing between; else the reader steps back.
 */
async function listServers(client: AxiosInstance): Promise<readonly HubServer[]> {
  const servers = new Map<string, HubServer>();
  const seen = new Set<string>();
  let offset = 0;
  for (let stepsBack = 0; stepsBack <= MOST_STEPS_BACK; ) {
    const page = await readPage(client, offset);
    const [first] = page.items;
    if (offset > 0 && !(first && seen.has(first.name))) {
      stepsBack += 1;
      offset = Math.max(0, offset - PAGE_SIZE);
      continue;
    }
    for (const user of page.items) seen.add(user.name);
    for (const server of toHubServers(page)) servers.set(`${server.hubUsername}/${server.serverName}`, server);
    const next = page._pagination.next?.offset ?? null;
    if (next === null) return [...servers.values()];
    // A hub that never ends its list must not hold the cycle.
    if (next <= offset) throw new HubError('unreadable', 'The hub repeats a page of its users.');
    offset = Math.max(offset + 1, next - OVERLAP);
  }
  throw new HubError('unreadable', "The hub's list of users changes faster than it can be read.");
}

async function readPage(client: AxiosInstance, offset: number): Promise<UserPage> {
  const response = await ask(client, '/users', {
    params: { state: 'active', offset, limit: PAGE_SIZE },
    headers: { Accept: PAGINATION },
  });
  const page = userPage.safeParse(parseJson(response.data));
  if (response.status !== 200 || !page.success) throw new HubError('unreadable', notAnApi(response.status));
  if (!showsServers(page.data)) throw new HubError('refused', refusal(['read:servers']));
  return page.data;
}

async function ask(client: AxiosInstance, path: string, request: AxiosRequestConfig): Promise<AxiosResponse<string>> {
  let response: AxiosResponse<string>;
  try {
    response = await client.get(path, request);
  } catch (error) {
    throw new HubError('unreachable', `The hub's API cannot be reached: ${describeNetworkError(error)}.`);
  }
  if (response.status === 401 || response.status === 403) throw new HubError('refused', refusal());
  if (response.status >= 500) throw new HubError('unreachable', `The hub's API answers ${response.status}.`);
  return response;
}

async function stopServer(client: AxiosInstance, hubUsername: string, serverName: string): Promise<StopAnswer> {
  const user = `/users/${encodeURIComponent(hubUsername)}`;
  const path = serverName === '' ? `${user}/server` : `${user}/servers/${encodeURIComponent(serverName)}`;
  let response: AxiosResponse<string>;
  try {
    response = await client.delete(path);
  } catch (error) {
    return { outcome: 'unanswered', message: describeNetworkError(error) };
  }
  switch (response.status) {
    case 204:
      return { outcome: 'stopped' };
    case 202:
      return { outcome: 'stopping' };
    case 404:
      // The same status for a user that the role's filter leaves out (jupyterhub scopes.py 1029): the server may well run.
      return hubMessage(response.data).startsWith('No access to resources')
        ? { outcome: 'refused', message: refusal(['delete:servers for everybody']) }
        : { outcome: 'absent' };
    case 401:
    case 403:
      return { outcome: 'refused', message: refusal(['delete:servers']) };
    default:
      return { outcome: 'refused', message: `The hub answers ${response.status}: ${hubMessage(response.data)}` };
  }
}

const refusal = (missing: readonly string[] = CULLER_SCOPES): string =>
  `The hub refuses the token in HUB_API_TOKEN: it is not a token of this hub, or its role lacks ${missing.join(', ')} (the culler needs ${CULLER_SCOPES.join(', ')}, not limited to some users).`;

const notAnApi = (status: number): string =>
  `hub.apiUrl does not answer like JupyterHub's API (status ${status}): is it http://<hub>:8081/hub/api?`;

/** JupyterHub's errors are `{"status": 400, "message": "…"}`. */
function hubMessage(body: string): string {
  const parsed = parseJson(body);
  const message = typeof parsed === 'object' && parsed !== null && 'message' in parsed ? parsed.message : null;
  return typeof message === 'string' ? message.slice(0, 200) : 'no message';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
