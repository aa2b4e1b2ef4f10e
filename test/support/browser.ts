// A small browser over HTTP: keeps cookies, follows redirects step by step, fills in and submits forms, knows *.localhost.
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { CookieJar } from 'tough-cookie';

export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Default true: GET after 303 (and after 301, 302 of a POST), else the same method. */
  readonly follow?: boolean;
}

export interface Browser {
  readonly jar: CookieJar;
  /** The page that is shown; throws before the first one. */
  readonly page: Page;
  /** Every address visited, with the status answered, redirects included. */
  readonly history: readonly { readonly method: string; readonly url: string; readonly status: number }[];
  /** Headers of a top-level navigation are sent unless replaced; an empty value leaves one out. */
  readonly request: (url: string | URL, options?: RequestOptions) => Promise<Page>;
  readonly get: (url: string | URL, options?: RequestOptions) => Promise<Page>;
  readonly post: (
    url: string | URL,
    fields: Readonly<Record<string, string>>,
    options?: RequestOptions,
  ) => Promise<Page>;
  /** Submits the form of the shown page whose markup contains `marker` (default: the first), with its own values and `fields` over them. */
  readonly submit: (fields?: Readonly<Record<string, string>>, marker?: string) => Promise<Page>;
  readonly cookie: (url: string | URL, name: string) => Promise<string | undefined>;
}

const NAVIGATION: Readonly<Record<string, string>> = {
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
  accept: 'text/html,*/*',
};
const MAX_REDIRECTS = 30;

export function createBrowser(): Browser {
  const jar = new CookieJar(undefined, { allowSpecialUseDomain: true, rejectPublicSuffixes: false });
  const history: { method: string; url: string; status: number }[] = [];
  let shown: Page | null = null;

  const once = async (url: URL, options: RequestOptions): Promise<Page> => {
    const method = options.method ?? 'GET';
    const page = await send(jar, url, { ...options, method });
    history.push({ method, url: url.href, status: page.status });
    return page;
  };

  const request = async (target: string | URL, options: RequestOptions = {}): Promise<Page> => {
    let url = new URL(target, shown?.url);
    let current = options;
    for (let step = 0; step <= MAX_REDIRECTS; step += 1) {
      const page = await once(url, current);
      const location = page.headers.location;
      if (options.follow === false || page.status < 300 || page.status >= 400 || location === undefined) {
        shown = page;
        return page;
      }
      // Browsers keep the fragment of an earlier address when the new one has none.
      const next = new URL(location, url);
      if (next.hash === '') next.hash = url.hash;
      url = next;
      const keeps =
        page.status === 307 || page.status === 308 || current.method === undefined || current.method === 'GET';
      current = keeps ? current : { headers: options.headers ?? {} };
    }
    throw new Error(
      `more than ${MAX_REDIRECTS} redirects: ${history
        .slice(-6)
        .map((entry) => entry.url)
        .join(' -> ')}`,
    );
  };

  const pageShown = (): Page => {
    if (!shown) throw new Error('no page was opened yet');
    return shown;
  };

  const post: Browser['post'] = (url, fields, options = {}) =>
    request(url, {
      ...options,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...options.headers },
      body: new URLSearchParams(fields).toString(),
    });

  return {
    jar,
    history,
    get page() {
      return pageShown();
    },
    request,
    get: request,
    post,
    submit(fields = {}, marker = '') {
      const { url, text } = pageShown();
      const form = parseForms(text).find((candidate) => candidate.markup.includes(marker));
      if (!form) throw new Error(`no form with "${marker}" on ${url.href}:\n${text.slice(0, 500)}`);
      const action = new URL(form.action === '' ? url.href : form.action, url);
      const values = { ...form.values, ...fields };
      const from = action.origin === url.origin ? 'same-origin' : 'cross-site';
      if (form.method === 'post')
        return post(action, values, { headers: { origin: url.origin, 'sec-fetch-site': from } });
      action.search = new URLSearchParams(values).toString();
      return request(action);
    },
    async cookie(url, name) {
      const cookies = await jar.getCookies(String(url));
      return cookies.find((cookie) => cookie.key === name)?.value;
    },
  };
}

async function send(jar: CookieJar, url: URL, options: RequestOptions): Promise<Page> {
  const cookies = await jar.getCookieString(url.href);
  const headers = Object.fromEntries(
    Object.entries({ ...NAVIGATION, ...(cookies && { cookie: cookies }), ...lowerCased(options.headers ?? {}) }).filter(
      ([, value]) => value !== '',
    ),
  );
  const page = await new Promise<Page>((resolve, reject) => {
    const outgoing = (url.protocol === 'https:' ? https : http).request(
      url,
      {
        method: options.method ?? 'GET',
        headers,
        agent: false,
        timeout: 60_000,
        ...(url.hostname.endsWith('.localhost') ? { lookup: loopback } : {}),
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({
            url,
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer from ${url.href} within 60 s`)));
    outgoing.end(options.body);
  });
  for (const cookie of page.headers['set-cookie'] ?? []) await jar.setCookie(cookie, url.href, { ignoreError: true });
  return page;
}

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** `*.localhost` is the loopback address (RFC 6761 6.3); Node asks the system, which may not know. */
export const loopback: LookupFunction = (_hostname, options, callback) => {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

export interface ParsedForm {
  readonly action: string;
  readonly method: 'get' | 'post';
  /** What the browser would send: hidden fields, texts, checked radios. Submit buttons are left out. */
  readonly values: Readonly<Record<string, string>>;
  readonly markup: string;
}

export function parseForms(html: string): readonly ParsedForm[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([markup, attributes = '', body = '']) => ({
    action: attribute(attributes, 'action') ?? '',
    method: attribute(attributes, 'method')?.toLowerCase() === 'post' ? 'post' : 'get',
    values: Object.fromEntries([...body.matchAll(/<input\b([^>]*)>/gi)].flatMap(([, input = '']) => inputValue(input))),
    markup,
  }));
}

function inputValue(input: string): [string, string][] {
  const name = attribute(input, 'name');
  const type = attribute(input, 'type') ?? 'text';
  const bare = (word: string): boolean => new RegExp(`\\s${word}(?=[\\s=/>]|$)`, 'i').test(input);
  if (name === undefined || type === 'submit' || bare('disabled')) return [];
  if ((type === 'radio' || type === 'checkbox') && !bare('checked')) return [];
  return [[name, attribute(input, 'value') ?? '']];
}

function attribute(markup: string, name: string): string | undefined {
  const match = new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'i').exec(markup);
  const value = match?.[1] ?? match?.[2];
  return value === undefined ? undefined : unescapeHtml(value);
}

export const unescapeHtml = (text: string): string =>
  text.replace(
    /&(amp|lt|gt|quot|#39|#x27);/gi,
    (_match, entity: string) =>
      ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" })[entity.toLowerCase()] ?? '',
  );
