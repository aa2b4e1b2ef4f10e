// A browser for the probe: visits public addresses through the Services behind them, because certificates and DNS may not be there yet.
import type { AxiosInstance } from 'axios';
import { createHttpClient } from '../../src/http/http-client.ts';

export interface ProbePage {
  readonly url: URL;
  /** null: the address belongs to nobody of ours (Moodle, a person's server); it was not asked. */
  readonly status: number | null;
  readonly text: string;
}

export interface ProbeBrowser {
  /** Follows redirects until a page, or until they lead away. */
  readonly open: (url: string, post?: boolean) => Promise<ProbePage>;
}

const MAX_REDIRECTS = 25;

/** @param routes public origin -> address inside the cluster. */
export function createProbeBrowser(routes: ReadonlyMap<string, string>): ProbeBrowser {
  const clients = new Map<string, AxiosInstance>();
  for (const [origin, baseUrl] of routes)
    clients.set(origin, createHttpClient({ upstream: 'probe', baseUrl, timeoutSeconds: 10, retries: 0 }));
  const cookies = new Map<string, Map<string, string>>();

  const send = async (url: URL, post: boolean) => {
    const client = clients.get(url.origin);
    if (!client) return null;
    const jar = cookies.get(url.host) ?? new Map<string, string>();
    cookies.set(url.host, jar);
    const answer = await client.request<string>({
      url: `${url.pathname}${url.search}`,
      method: post ? 'POST' : 'GET',
      headers: {
        host: url.host,
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
        accept: 'text/html',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        'sec-fetch-site': post ? 'same-origin' : 'none',
        ...(post ? { origin: url.origin, 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
    });
    for (const line of answer.headers['set-cookie'] ?? []) keep(jar, line);
    return answer;
  };

  return {
    async open(first, post = false) {
      let url = new URL(first);
      let posting = post;
      for (let step = 0; step <= MAX_REDIRECTS; step += 1) {
        const answer = await send(url, posting);
        if (!answer) return { url, status: null, text: '' };
        const location: unknown = answer.headers['location'];
        if (answer.status < 300 || answer.status >= 400 || typeof location !== 'string')
          return { url, status: answer.status, text: answer.data };
        url = new URL(location, url);
        posting = false;
      }
      throw new Error(`more than ${MAX_REDIRECTS} redirects, the last to ${url.origin}${url.pathname}`);
    },
  };
}

/** One flow only: paths and dates need no care, an empty value deletes. */
function keep(jar: Map<string, string>, line: string): void {
  const [pair = ''] = line.split(';');
  const at = pair.indexOf('=');
  const name = pair.slice(0, at).trim();
  const value = pair.slice(at + 1).trim();
  if (value === '' || value === '""') jar.delete(name);
  else jar.set(name, value);
}
