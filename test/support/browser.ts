// A small browser for tests and the demo's check: keeps cookies as browsers do, follows redirects by hand, submits forms, sends Sec-Fetch headers.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { CookieJar } from 'tough-cookie';

export interface BrowserOptions {
  /** Redirects that one navigation may follow. Default 30. */
  readonly maxRedirects?: number;
  /** false: none, as Chromium on plain http to a host that is not localhost. Default true. */
  readonly sendSecFetch?: boolean;
}

export interface BrowserResponse {
  readonly status: number;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export interface NavigateOptions {
  /** Default `navigate` / `document`; a test may pretend to be a script or a frame. */
  readonly secFetchMode?: string;
  readonly secFetchDest?: string;
  /** Page that the request comes from; default: the current page. null: typed into the address bar. */
  readonly from?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** false: the first answer is the result, a redirect included. Default true. */
  readonly follow?: boolean;
  /** Stops in front of this address: the redirect to it is the result. */
  readonly stopBefore?: (url: string) => boolean;
}

export type FormFields = Readonly<Record<string, string>>;

export interface FormChoice {
  /** Part of the form's `action`, or of its HTML; default: the first form of the page. */
  readonly matching?: string;
  /** Name of the submit button that is pressed: its value is sent. Default: the first one that has a name. */
  readonly button?: string;
}

export interface Browser {
  readonly jar: CookieJar;
  /** Every request so far: `GET http://…`. */
  readonly history: readonly string[];
  readonly lastUrl: string;
  readonly status: number;
  readonly text: string;
  get(url: string, options?: NavigateOptions): Promise<BrowserResponse>;
  post(url: string, form: FormFields, options?: NavigateOptions): Promise<BrowserResponse>;
  /** Submits a form of the current page with its hidden and preset fields; `fields` fills in the others. */
  submit(fields?: FormFields, choice?: FormChoice, options?: NavigateOptions): Promise<BrowserResponse>;
  /** Follows the first link whose text or address contains this. */
  click(link: string, options?: NavigateOptions): Promise<BrowserResponse>;
  /** `name=value` of what would be sent to this address. */
  cookies(url: string): Promise<readonly string[]>;
}

interface Step {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly body: string | null;
  readonly initiator: string | null;
}

export function createBrowser(options: BrowserOptions = {}): Browser {
  const jar = new CookieJar(undefined, {
    allowSpecialUseDomain: true,
    rejectPublicSuffixes: false,
    prefixSecurity: 'strict',
  });
  const history: string[] = [];
  let page: BrowserResponse | null = null;

  const send = async (step: Step, navigate: NavigateOptions): Promise<BrowserResponse> => {
    history.push(`${step.method} ${step.url}`);
    const sameSite = siteRelation(step.initiator, step.url);
    // Lax: top-level GET always, POST only within one site (bridge.md 3).
    const isLax = step.method === 'GET' && (navigate.secFetchMode ?? 'navigate') === 'navigate';
    const sameSiteContext = sameSite === 'cross-site' ? (isLax ? 'lax' : 'none') : 'strict';
    const cookie = await jar.getCookieString(step.url, { sameSiteContext });
    const headers: Record<string, string> = {
      accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
      'user-agent': 'coursehub-test-browser',
      ...(cookie ? { cookie } : {}),
      ...(step.body === null
        ? {}
        : {
            'content-type': 'application/x-www-form-urlencoded',
            'content-length': String(Buffer.byteLength(step.body)),
            origin: step.initiator === null ? 'null' : new URL(step.initiator).origin,
          }),
      ...(options.sendSecFetch === false
        ? {}
        : {
            'sec-fetch-mode': navigate.secFetchMode ?? 'navigate',
            'sec-fetch-dest': navigate.secFetchDest ?? 'document',
            'sec-fetch-site': sameSite,
          }),
      ...navigate.headers,
    };
    const response = await exchange(step, headers);
    // Setting Lax cookies on a cross-site top-level request works (bridge.md 3).
    for (const line of response.headers['set-cookie'] ?? [])
      await jar.setCookie(line, step.url, { ignoreError: true, sameSiteContext: 'lax' });
    return response;
  };

  const navigate = async (first: Step, how: NavigateOptions): Promise<BrowserResponse> => {
    let step = first;
    for (let hops = 0; ; hops += 1) {
      const response = await send(step, how);
      const target = response.status >= 300 && response.status < 400 ? response.headers.location : undefined;
      const next = target === undefined ? null : new URL(target, step.url).href;
      if (next === null || how.follow === false || how.stopBefore?.(next)) {
        page = response;
        return response;
      }
      if (hops >= (options.maxRedirects ?? 30)) throw new Error(`too many redirects, the last to ${next}`);
      const keepsMethod = response.status === 307 || response.status === 308;
      step = { ...step, url: next, ...(keepsMethod ? {} : { method: 'GET' as const, body: null }) };
    }
  };

  const initiatorOf = (how: NavigateOptions): string | null =>
    how.from === undefined ? (page?.url ?? null) : how.from;
  const current = (): BrowserResponse => {
    if (page === null) throw new Error('this browser has opened no page yet');
    return page;
  };

  return {
    jar,
    history,
    get lastUrl() {
      return current().url;
    },
    get status() {
      return current().status;
    },
    get text() {
      return current().text;
    },
    get: (url, how = {}) => navigate({ method: 'GET', url, body: null, initiator: initiatorOf(how) }, how),
    post: (url, form, how = {}) =>
      navigate({ method: 'POST', url, body: new URLSearchParams(form).toString(), initiator: initiatorOf(how) }, how),
    submit(fields = {}, choice = {}, how = {}) {
      const { url, text } = current();
      const form = readForm(text, choice);
      const target = new URL(form.action || url, url);
      const body = new URLSearchParams({ ...form.fields, ...fields });
      if (form.method === 'GET') {
        target.search = body.toString();
        return navigate({ method: 'GET', url: target.href, body: null, initiator: initiatorOf(how) }, how);
      }
      return navigate({ method: 'POST', url: target.href, body: body.toString(), initiator: initiatorOf(how) }, how);
    },
    click(link, how = {}) {
      const { url, text } = current();
      const found = [...text.matchAll(/<a\b([^>]*)>([\s\S]*?)<\/a>/gi)].find(
        ([, attributes = '', content = '']) =>
          content.includes(link) || (attributeOf(attributes, 'href') ?? '').includes(link),
      );
      const href = attributeOf(found?.[1] ?? '', 'href');
      if (href === null) throw new Error(`the page ${url} has no link "${link}"`);
      return navigate({ method: 'GET', url: new URL(href, url).href, body: null, initiator: initiatorOf(how) }, how);
    },
    async cookies(url) {
      return (await jar.getCookies(url)).map((cookie) => cookie.cookieString());
    },
  };
}

/** `*.localhost` is this machine, as Chromium resolves it; Node does not (bridge.md, top). */
function exchange(step: Step, headers: Record<string, string>): Promise<BrowserResponse> {
  const url = new URL(step.url);
  if (url.protocol !== 'http:') throw new Error(`this browser speaks plain http only, not ${url.protocol}`);
  const isLocal = url.hostname === 'localhost' || url.hostname.endsWith('.localhost');
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        host: isLocal ? '127.0.0.1' : url.hostname,
        port: url.port || 80,
        path: url.pathname + url.search,
        method: step.method,
        headers: { host: url.host, ...headers },
        agent: false,
      },
      (incoming) => {
        const parts: Buffer[] = [];
        incoming.on('data', (part: Buffer) => parts.push(part));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            url: step.url,
            headers: incoming.headers,
            text: Buffer.concat(parts).toString('utf8'),
          }),
        );
      },
    );
    outgoing.setTimeout(60_000, () => outgoing.destroy(new Error(`no answer from ${url.origin} within 60 s`)));
    outgoing.on('error', reject);
    outgoing.end(step.body ?? undefined);
  });
}

type SiteRelation = 'none' | 'same-origin' | 'same-site' | 'cross-site';

/** Sites without ports: an IP address is its own, else the last two labels (`hub.localhost` and `bridge.localhost` differ, bridge-hosts.md top). */
function siteRelation(initiator: string | null, target: string): SiteRelation {
  if (initiator === null) return 'none';
  const [from, to] = [new URL(initiator), new URL(target)];
  if (from.origin === to.origin) return 'same-origin';
  return from.protocol === to.protocol && siteOf(from.hostname) === siteOf(to.hostname) ? 'same-site' : 'cross-site';
}

const siteOf = (hostname: string): string =>
  /^[0-9.]+$/.test(hostname) || hostname.startsWith('[') ? hostname : hostname.split('.').slice(-2).join('.');

interface Form {
  readonly action: string;
  readonly method: 'GET' | 'POST';
  readonly fields: Record<string, string>;
}

function readForm(html: string, choice: FormChoice): Form {
  const forms = [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)];
  const chosen = forms.find(([whole]) => choice.matching === undefined || whole.includes(choice.matching));
  if (!chosen) throw new Error(`the page has no form${choice.matching ? ` with "${choice.matching}"` : ''}`);
  const [, attributes = '', content = ''] = chosen;
  const method = (attributeOf(attributes, 'method') ?? 'get').toUpperCase() === 'POST' ? 'POST' : 'GET';
  return { action: attributeOf(attributes, 'action') ?? '', method, fields: readFields(content, choice.button) };
}

function readFields(content: string, button: string | undefined): Record<string, string> {
  const fields: Record<string, string> = {};
  let pressed = false;
  for (const [, tag = '', attributes = ''] of content.matchAll(/<(input|button)\b([^>]*)>/gi)) {
    const name = attributeOf(attributes, 'name');
    if (name === null) continue;
    const type = (
      attributeOf(attributes, 'type') ?? (tag.toLowerCase() === 'button' ? 'submit' : 'text')
    ).toLowerCase();
    const value = attributeOf(attributes, 'value') ?? '';
    if (type === 'submit') {
      if (pressed || (button !== undefined && button !== name)) continue;
      pressed = true;
    } else if ((type === 'radio' || type === 'checkbox') && !/\bchecked\b/i.test(attributes)) continue;
    fields[name] = value;
  }
  for (const [, attributes = '', text = ''] of content.matchAll(/<textarea\b([^>]*)>([\s\S]*?)<\/textarea>/gi)) {
    const name = attributeOf(attributes, 'name');
    if (name !== null) fields[name] = unescapeHtml(text);
  }
  return fields;
}

function attributeOf(attributes: string, name: string): string | null {
  const found = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(attributes);
  return found ? unescapeHtml(found[1] ?? found[2] ?? found[3] ?? '') : null;
}

const unescapeHtml = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replace(/&#0*39;|&#x27;/gi, "'")
    .replaceAll('&amp;', '&');
