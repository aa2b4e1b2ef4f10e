// The hub's REST API as an operator's script uses it: starts, stops, and what /progress says of a start.
import { eventually } from '../support/eventually.ts';

export interface HubServer {
  readonly name: string;
  readonly ready: boolean;
  readonly pending: string | null;
  readonly started: string;
  readonly state: { readonly pod_name?: string } | null;
}

export type StartOutcome =
  | { readonly outcome: 'ready' }
  | { readonly outcome: 'pending' | 'failed'; readonly message: string };

export interface HubRest {
  readonly get: (path: string) => Promise<{ readonly status: number; readonly text: string }>;
  /** Makes people who are new; throws when one is not. */
  readonly addPeople: (names: readonly string[]) => Promise<void>;
  /** Asks for a start of a person who is known to the hub, and returns at once; the HTTP status. */
  readonly askKnown: (user: string, courseProfile: string, server?: string) => Promise<number>;
  /** As `askKnown`, and makes the person first when they are new. */
  readonly ask: (user: string, courseProfile: string, server?: string) => Promise<number>;
  /** As `ask`, then follows /progress: to the end, or until `patienceSeconds` are over, then `pending` with the last message. */
  readonly start: (
    user: string,
    courseProfile: string,
    server?: string,
    patienceSeconds?: number,
  ) => Promise<StartOutcome>;
  readonly servers: (user: string) => Promise<Readonly<Record<string, HubServer>>>;
  readonly ready: (user: string, server?: string) => Promise<HubServer>;
  readonly stop: (user: string, server?: string) => Promise<void>;
  /** Asks for the stop of whatever runs or starts; does not wait. */
  readonly stopAll: () => Promise<void>;
  readonly gone: (user: string, server?: string, deadlineSeconds?: number) => Promise<void>;
}

export function createHubRest(publicUrl: string, token: string): HubRest {
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${publicUrl}/hub/api${path}`, {
      method,
      headers: { Authorization: `token ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  };
  const at = (user: string, server: string): string =>
    `/users/${encodeURIComponent(user)}/${server === '' ? 'server' : `servers/${encodeURIComponent(server)}`}`;
  const servers: HubRest['servers'] = async (user) => {
    const { status, text } = await call('GET', `/users/${encodeURIComponent(user)}?include_stopped_servers`);
    if (status !== 200) throw new Error(`the hub answered ${status} about ${user}: ${text}`);
    const all = (JSON.parse(text) as { servers: Record<string, HubServer & { stopped?: boolean }> }).servers;
    return Object.fromEntries(Object.entries(all).filter(([, server]) => server.stopped !== true));
  };
  const askKnown: HubRest['askKnown'] = async (user, courseProfile, server = '') =>
    (await call('POST', at(user, server), { course_profile: courseProfile })).status;
  const ask: HubRest['ask'] = async (user, courseProfile, server = '') => {
    await call('POST', `/users/${encodeURIComponent(user)}`);
    return askKnown(user, courseProfile, server);
  };
  const gone: HubRest['gone'] = async (user, server = '', deadlineSeconds = 30) =>
    void (await eventually(
      async () => (await servers(user))[server] === undefined,
      `the server ${server} of ${user} to be gone`,
      deadlineSeconds * 1000,
    ));
  return {
    get: (path) => call('GET', path),
    async addPeople(names) {
      const { status, text } = await call('POST', '/users', { usernames: names });
      if (status !== 201) throw new Error(`the hub answered ${status} to new people: ${text}`);
    },
    askKnown,
    ask,
    async start(user, courseProfile, server = '', patienceSeconds = 60) {
      const status = await ask(user, courseProfile, server);
      if (status === 201) return { outcome: 'ready' };
      if (status !== 202) return { outcome: 'failed', message: `status ${status}` };
      return progress(`${publicUrl}/hub/api${at(user, server)}/progress`, token, patienceSeconds);
    },
    servers,
    ready: (user, server = '') =>
      eventually(
        async () => {
          const found = (await servers(user))[server];
          return found?.ready ? found : null;
        },
        `the server ${server} of ${user} to be ready`,
        60_000,
      ),
    async stop(user, server = '') {
      const { status, text } = await call('DELETE', at(user, server));
      if (status >= 300) throw new Error(`the hub answered ${status} to a stop of ${user}: ${text}`);
      await gone(user, server);
    },
    async stopAll() {
      const { text } = await call('GET', '/users?state=active&limit=1000');
      const active = JSON.parse(text) as readonly {
        readonly name: string;
        readonly servers: Record<string, HubServer>;
      }[];
      await Promise.all(
        active.flatMap(({ name, servers: running }) =>
          Object.keys(running).map((server) => call('DELETE', at(name, server))),
        ),
      );
    },
    gone,
  };
}

interface ProgressEvent {
  readonly message?: string;
  readonly html_message?: string;
  readonly ready?: boolean;
  readonly failed?: boolean;
}

/** Server-sent events of a start. The hub answers 400 for the moment in which it tidies up after a failed start: asked again. */
async function progress(url: string, token: string, patienceSeconds: number): Promise<StartOutcome> {
  const endsAt = performance.now() + patienceSeconds * 1000;
  let message = '';
  while (performance.now() < endsAt) {
    const signal = AbortSignal.timeout(Math.max(1, Math.round(endsAt - performance.now())));
    try {
      const response = await fetch(url, { headers: { Authorization: `token ${token}` }, signal });
      if (!response.ok || !response.body) {
        await response.body?.cancel();
        await new Promise((resolve) => setTimeout(resolve, 100));
        continue;
      }
      let text = '';
      for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        for (const [, data] of text.matchAll(/^data: (.*)\n/gm)) {
          const event = JSON.parse(data ?? '{}') as ProgressEvent;
          message = event.message ?? message;
          if (event.ready) return { outcome: 'ready' };
          if (event.failed) return { outcome: 'failed', message };
        }
        text = text.slice(text.lastIndexOf('\n') + 1);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
  return { outcome: 'pending', message };
}
