// A small apiserver on a real socket: list in pages, watch with resourceVersion, bookmarks, 410 Gone, 401, 403, dropped connections.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface WireObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly [key: string]: unknown;
  };
  readonly [key: string]: unknown;
}

type Resource = 'pods' | 'nodes';
type Verb = 'list' | 'watch';

interface Change {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: Resource;
  readonly object: WireObject;
}

interface Watcher {
  readonly response: ServerResponse;
  readonly resource: Resource;
  readonly matches: (object: WireObject) => boolean;
}

export const TOKEN = 'service-account-token';

export class FakeApiserver {
  readonly requests: { readonly verb: Verb; readonly url: string }[] = [];
  readonly #objects = new Map<string, { readonly resource: Resource; readonly object: WireObject }>();
  readonly #watchers = new Set<Watcher>();
  readonly #denied = new Set<string>();
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'coursehub-apiserver-'));
  #changes: Change[] = [];
  #version = 1;
  /** Watches and continue tokens of an older version are answered with 410. */
  #oldest = 0;
  /** The next continue token is refused with 410, as when a list takes longer than etcd keeps its snapshot. */
  expirePage = false;
  /** Takes connections and answers no watch: a load balancer in front of nothing. */
  mute = false;
  #server: Server | null = null;
  #port = 0;

  async start(): Promise<void> {
    const server = createServer((request, response) => this.#answer(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** A kubeconfig file with the token of a ServiceAccount. */
  kubeconfig(token = TOKEN): string {
    const file = path.join(this.#folder, `${token}.yaml`);
    const cluster = { server: `http://127.0.0.1:${this.#port}`, 'insecure-skip-tls-verify': true };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'fake', cluster }],
      users: [{ name: 'us', user: { token } }],
      contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'us' } }],
      'current-context': 'fake',
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  /** Down: connections are cut and refused. The data stays, as etcd's would. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.#watchers.clear();
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  put(resource: Resource, object: WireObject): void {
    const key = keyOf(resource, object);
    const type = this.#objects.has(key) ? 'MODIFIED' : 'ADDED';
    this.#change(type, resource, object);
  }

  delete(resource: Resource, name: string, namespace?: string): void {
    const found = this.#objects.get(keyOf(resource, { metadata: { name, ...(namespace ? { namespace } : {}) } }));
    if (found) this.#change('DELETED', resource, found.object);
  }

  /** Answers 403 from now on; open watches go on, as in Kubernetes. */
  deny(verb: Verb, resource: Resource): void {
    this.#denied.add(`${verb} ${resource}`);
  }
  allow(verb: Verb, resource: Resource): void {
    this.#denied.delete(`${verb} ${resource}`);
  }

  /** Forgets what happened before: the next watch from an older version gets 410. */
  compact(): void {
    this.#changes = [];
    this.#oldest = ++this.#version;
  }

  /** As a load balancer that drops a connection, or a server that closes it in good order. */
  dropWatches(how: 'reset' | 'end'): void {
    for (const { response } of this.#watchers) {
      if (how === 'reset') response.destroy();
      else response.end();
    }
    this.#watchers.clear();
  }

  /** An ERROR event, as when etcd was compacted below a watch that runs. */
  failWatches(code: number, message: string): void {
    const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message };
    for (const { response } of this.#watchers) response.end(line('ERROR', status));
    this.#watchers.clear();
  }

  /** Something that no apiserver should send. */
  sendRaw(text: string): void {
    for (const { response } of this.#watchers) response.write(text);
  }

  get watches(): number {
    return this.#watchers.size;
  }

  lists(resource: Resource): number {
    return this.requests.filter(({ verb, url }) => verb === 'list' && url.includes(`/${resource}`)).length;
  }

  #change(type: Change['type'], resource: Resource, object: WireObject): void {
    const version = ++this.#version;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    if (type === 'DELETED') this.#objects.delete(keyOf(resource, object));
    else this.#objects.set(keyOf(resource, object), { resource, object: stored });
    const change: Change = { version, type, resource, object: stored };
    this.#changes.push(change);
    for (const watcher of this.#watchers) send(watcher, change);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://apiserver');
    const verb: Verb = url.searchParams.get('watch') === 'true' ? 'watch' : 'list';
    this.requests.push({ verb, url: url.href });
    const match = /^\/api\/v1\/(?:namespaces\/([^/]+)\/)?(pods|nodes)$/.exec(url.pathname);
    const resource = match?.[2] as Resource | undefined;
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      fail(response, 401, 'Unauthorized');
      return;
    }
    if (!resource) {
      fail(response, 404, 'the server could not find the requested resource');
      return;
    }
    if (this.#denied.has(`${verb} ${resource}`)) {
      const where = match?.[1] ? `in the namespace "${match[1]}"` : 'at the cluster scope';
      const user = 'system:serviceaccount:campus:course-profiles';
      fail(
        response,
        403,
        `${resource} is forbidden: User "${user}" cannot ${verb} resource "${resource}" in API group "" ${where}`,
      );
      return;
    }
    const matches = matcher(match?.[1] ?? null, url.searchParams);
    if (verb === 'watch' && this.mute) return;
    if (verb === 'watch') this.#watch(url.searchParams, { response, resource, matches });
    else this.#list(url.searchParams, resource, matches, response);
  }

  #list(
    query: URLSearchParams,
    resource: Resource,
    matches: (object: WireObject) => boolean,
    response: ServerResponse,
  ): void {
    const [from = '0', version = String(this.#version)] = (query.get('continue') ?? '').split('@').filter(Boolean);
    const expired = this.expirePage && query.has('continue');
    if (expired) this.expirePage = false;
    if (expired || Number(version) < this.#oldest) {
      fail(response, 410, 'The provided continue parameter is too old');
      return;
    }
    const all = [...this.#objects.values()].filter((each) => each.resource === resource && matches(each.object));
    const end = Number(from) + Number(query.get('limit') ?? all.length);
    const next = end < all.length ? `${end}@${version}` : undefined;
    const items = all.slice(Number(from), end).map(({ object }) => object);
    const body = { kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: version, continue: next }, items };
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  }

  #watch(query: URLSearchParams, watcher: Watcher): void {
    const { response } = watcher;
    const from = Number(query.get('resourceVersion') ?? 0);
    if (from < this.#oldest) {
      fail(response, 410, 'too old resource version');
      return;
    }
    response.writeHead(200, { 'Content-Type': 'application/json' }).flushHeaders();
    for (const change of this.#changes) if (change.version > from) send(watcher, change);
    this.#watchers.add(watcher);
    const timer = setTimeout(
      () => {
        this.#watchers.delete(watcher);
        response.end(line('BOOKMARK', { kind: 'Pod', metadata: { resourceVersion: String(this.#version) } }));
      },
      Number(query.get('timeoutSeconds') ?? 300) * 1000,
    );
    response.once('close', () => {
      clearTimeout(timer);
      this.#watchers.delete(watcher);
    });
  }
}

const keyOf = (resource: Resource, { metadata }: WireObject): string =>
  `${resource}/${metadata.namespace ?? ''}/${metadata.name}`;

const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;

function send({ response, resource, matches }: Watcher, change: Change): void {
  if (change.resource === resource && matches(change.object)) response.write(line(change.type, change.object));
}

/** Label selectors of `key=value` only. */
function matcher(namespace: string | null, query: URLSearchParams): (object: WireObject) => boolean {
  const wanted = (query.get('labelSelector') ?? '').split(',').filter(Boolean);
  const labels = wanted.map((part) => part.split('='));
  return ({ metadata }) =>
    (namespace === null || metadata.namespace === namespace) &&
    labels.every(([key = '', value]) => metadata.labels?.[key] === value);
}

function fail(response: ServerResponse, code: number, message: string): void {
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code };
  response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(status));
}
