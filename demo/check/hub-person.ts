// A person at the hub, as their browser does it: signs in, sees the form, starts, opens JupyterLab, runs a cell.
import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';
import { type Browser, createBrowser, type Page, unescapeHtml } from '../../test/support/browser.ts';
import { eventually } from '../../test/support/eventually.ts';
import type { Addresses } from '../addresses.ts';
import { DEMO_PASSWORD } from '../people.ts';
import { expectEqual, visibleText } from './report.ts';

export interface HubServer {
  readonly ready: boolean;
  readonly pending: string | null;
  readonly url: string;
}

export interface HubPerson {
  readonly browser: Browser;
  /** Name at the hub; known after the sign-in. */
  readonly name: () => string;
  /** From the hub's sign-in button through Moodle's login and consent pages back to the hub. */
  readonly signIn: () => Promise<Page>;
  readonly openForm: () => Promise<Page>;
  /** Course profile ids that can be chosen on the shown form. */
  readonly choices: () => readonly string[];
  readonly submitForm: (courseProfile: string) => Promise<Page>;
  readonly startByRest: (options: unknown) => Promise<Page>;
  readonly progressMessage: () => Promise<string>;
  readonly server: () => Promise<HubServer | null>;
  readonly serverReady: () => Promise<HubServer>;
  readonly serverGone: (deadlineSeconds: number) => Promise<void>;
  readonly stopServer: () => Promise<void>;
  readonly openLab: () => Promise<Page>;
  readonly runCell: (code: string) => Promise<string>;
  /** Asks the open JupyterLab something, as an open tab does all the time. */
  readonly pollTab: () => Promise<number>;
}

/** As a page's script asks, not a navigation. */
const CONSENT = '_qf__local_oauth_authorize_form';
const SCRIPT = {
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  'sec-fetch-site': 'same-origin',
  accept: 'application/json',
};

export function createHubPerson(addresses: Addresses, login: string): HubPerson {
  const browser = createBrowser();
  let name = '';
  const hub = addresses.hub;
  const userOrigin = (): string => hub.replace('://', `://${name}.`);
  const xsrf = async (url: string): Promise<string | undefined> =>
    (await browser.jar.getCookies(url)).find(({ key }) => key === '_xsrf')?.value;
  const api = async (method: string, url: string, json?: unknown): Promise<Page> => {
    const token = await xsrf(url);
    return browser.request(url, {
      method,
      follow: false,
      headers: {
        ...SCRIPT,
        ...(token === undefined ? {} : { 'x-xsrftoken': token }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
  };
  const userApi = (rest = ''): string => `${hub}/hub/api/users/${encodeURIComponent(name)}${rest}`;

  const server = async (): Promise<HubServer | null> => {
    const page = await api('GET', userApi());
    if (page.status !== 200)
      throw new Error(`the hub answered ${page.status} about ${name}: ${page.text.slice(0, 200)}`);
    return (JSON.parse(page.text) as { servers?: Record<string, HubServer> }).servers?.[''] ?? null;
  };

  const person: HubPerson = {
    browser,
    name: () => name,
    async signIn() {
      await browser.get(`${hub}/hub/login`);
      const button = /<a[^>]*href=['"]([^'"]*oauth_login[^'"]*)['"]/i.exec(browser.page.text)?.[1];
      if (!button) throw new Error(`the hub's login page has no sign-in button: ${visibleText(browser.page.text)}`);
      await browser.get(unescapeHtml(button));
      if (browser.page.text.includes('logintoken'))
        await browser.submit({ username: login, password: DEMO_PASSWORD }, 'logintoken');
      if (browser.page.text.includes(CONSENT)) await browser.submit({ submitbutton: 'Confirm' }, CONSENT);
      name = /\buser:\s*"([^"]+)"/.exec(browser.page.text)?.[1] ?? '';
      return browser.page;
    },
    openForm: () => browser.get(`${hub}/hub/spawn`),
    choices: () =>
      [...browser.page.text.matchAll(/<input[^>]*name="course_profile" value="([^"]+)"([^>]*)>/g)].flatMap(
        ([, id, rest]) => (id && !rest?.includes('disabled') ? [id] : []),
      ),
    submitForm: (courseProfile) => browser.submit({ course_profile: courseProfile }, 'spawn_form'),
    async startByRest(options) {
      if ((await xsrf(`${hub}/hub/`)) === undefined) await browser.get(`${hub}/hub/home`);
      return api('POST', userApi('/server'), options);
    },
    async progressMessage() {
      const page = await api('GET', userApi('/server/progress'));
      const events = [...page.text.matchAll(/^data: (.*)$/gm)].map(
        ([, data]) => JSON.parse(data ?? '{}') as { message?: string; failed?: boolean },
      );
      return events.findLast((event) => event.failed)?.message ?? page.text;
    },
    server,
    serverReady: () =>
      eventually(
        async () => {
          const found = await server();
          return found?.ready ? found : null;
        },
        `the server of ${name} to be ready`,
        60_000,
      ),
    async serverGone(deadlineSeconds) {
      await eventually(
        async () => (await server()) === null,
        `the server of ${name} to be stopped`,
        deadlineSeconds * 1000,
      );
    },
    async stopServer() {
      const page = await api('DELETE', userApi('/server'));
      if (page.status >= 300) throw new Error(`the hub answered ${page.status} to a stop: ${page.text}`);
      await person.serverGone(30);
    },
    async openLab() {
      const page = await browser.get(`${userOrigin()}/user/${name}/lab`);
      expectEqual('status of /lab', 200, page.status);
      if (!page.text.includes('jupyter-config-data'))
        throw new Error(`this is not JupyterLab: ${visibleText(page.text)}`);
      return page;
    },
    async runCell(code) {
      const created = await api('POST', `${userOrigin()}/user/${name}/api/kernels`, { name: 'python3' });
      if (created.status !== 201) throw new Error(`no kernel: ${created.status} ${created.text}`);
      const kernel = JSON.parse(created.text) as { id: string };
      const url = `${userOrigin()}/user/${name}/api/kernels/${kernel.id}/channels`;
      return execute(new URL(url), await browser.jar.getCookieString(url), code);
    },
    async pollTab() {
      return (await api('GET', `${userOrigin()}/user/${name}/api/kernels`)).status;
    },
  };
  return person;
}

/** Sends an execute_request (Jupyter messaging 5.3) and gives what the cell printed. */
function execute(url: URL, cookie: string, code: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const id = randomUUID();
    const socket = new WebSocket(`ws://127.0.0.1:${url.port}${url.pathname}`, { headers: { host: url.host, cookie } });
    const timer = setTimeout(() => finish(() => reject(new Error('the kernel did not answer within 60 s'))), 60_000);
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      socket.close();
      settle();
    };
    let printed = '';
    socket.on('error', (error) => finish(() => reject(error)));
    socket.on('open', () =>
      socket.send(
        JSON.stringify({
          channel: 'shell',
          header: {
            msg_id: id,
            msg_type: 'execute_request',
            session: randomUUID(),
            username: '',
            version: '5.3',
            date: new Date().toISOString(),
          },
          parent_header: {},
          metadata: {},
          content: { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false },
        }),
      ),
    );
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as {
        parent_header?: { msg_id?: string };
        msg_type?: string;
        content: { text?: string; execution_state?: string; evalue?: string };
      };
      if (message.parent_header?.msg_id !== id) return;
      if (message.msg_type === 'stream') printed += message.content.text ?? '';
      if (message.msg_type === 'error') finish(() => reject(new Error(`the cell failed: ${message.content.evalue}`)));
      if (message.msg_type === 'status' && message.content.execution_state === 'idle') finish(() => resolve(printed));
    });
  });
}
