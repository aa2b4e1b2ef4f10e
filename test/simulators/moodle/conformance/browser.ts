// A browser without a screen for the conformance test: keeps Moodle's cookie, follows nothing by itself.
import type { MoodleSimulator } from '../server.ts';
import { formBody, RECORDED_WWWROOT, titleOf } from './compare.ts';

export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly form?: Record<string, unknown> | [string, string][];
  readonly json?: unknown;
  readonly headers?: Record<string, string>;
}

export interface LiveAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly contentType: string | null;
  readonly cacheControl: string | null;
  readonly wwwAuthenticate: string | null;
  readonly setCookie: string;
  readonly headers: Headers;
  /** As recorded: wwwroot is the recorded one. */
  readonly body: string;
  readonly title: string;
  readonly bytes: number;
}

export interface Browser {
  cookie: string | undefined;
  send(request: RecordedRequest): Promise<LiveAnswer>;
}

/** Sends a recorded request to the simulator; the URL's origin is replaced by the simulator's. */
export function createBrowser(simulator: MoodleSimulator): Browser {
  const recorded = (text: string) =>
    text
      .replaceAll(simulator.wwwroot, RECORDED_WWWROOT)
      .replaceAll(simulator.wwwroot.replaceAll('/', '\\/'), RECORDED_WWWROOT.replaceAll('/', '\\/'));
  const browser: Browser = {
    cookie: undefined,
    async send({ method, url, form, json, headers = {} }) {
      const body = form !== undefined ? formBody(form) : json !== undefined ? JSON.stringify(json) : undefined;
      const type = form !== undefined ? 'application/x-www-form-urlencoded' : 'application/json';
      const response = await fetch(url.replace(RECORDED_WWWROOT, simulator.wwwroot), {
        method,
        redirect: 'manual',
        headers: {
          ...headers,
          ...(body === undefined ? {} : { 'Content-Type': type }),
          ...(browser.cookie === undefined ? {} : { Cookie: browser.cookie }),
        },
        ...(body === undefined ? {} : { body }),
      });
      const text = recorded(await response.text());
      const setCookie = response.headers.getSetCookie().join(', ');
      const session = /MoodleSession=[0-9a-f]+/.exec(setCookie)?.[0];
      if (session !== undefined && browser.cookie !== undefined) browser.cookie = session;
      const location = response.headers.get('location');
      return {
        status: response.status,
        location: location === null ? undefined : recorded(location),
        contentType: response.headers.get('content-type'),
        cacheControl: response.headers.get('cache-control'),
        wwwAuthenticate: response.headers.get('www-authenticate'),
        setCookie,
        headers: response.headers,
        body: text,
        title: titleOf(text),
        bytes: Buffer.byteLength(text),
      };
    },
  };
  return browser;
}

const field = (html: string, name: string): string =>
  new RegExp(`name="${name}"[^>]*value="([^"]*)"`).exec(html)?.[1] ?? '';

/** Signs in through the login form and leaves the cookie in the browser. */
export async function signIn(browser: Browser, username: string, password = 'Passw0rd!'): Promise<LiveAnswer> {
  browser.cookie ??= 'MoodleSession=none';
  const page = await browser.send({ method: 'GET', url: `${RECORDED_WWWROOT}/login/index.php` });
  const form = { anchor: '', logintoken: field(page.body, 'logintoken'), username, password };
  const answer = await browser.send({ method: 'POST', url: `${RECORDED_WWWROOT}/login/index.php`, form });
  return await browser.send({ method: 'GET', url: answer.location ?? '' });
}

export const formField = field;
