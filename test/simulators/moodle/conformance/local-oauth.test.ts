// Replays the recorded requests of the local_oauth plugin and of Moodle's login pages against the simulator.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consentKey } from '../oauth-state.ts';
import { RECORDED_AT_SECONDS, recordedSite } from '../recorded-site.ts';
import { type MoodleSimulator, startMoodleSimulator } from '../server.ts';
import { suspendUser } from '../site-changes.ts';
import { type Browser, createBrowser, formField, type LiveAnswer, signIn } from './browser.ts';
import { capture, RECORDED_WWWROOT, withoutSecrets } from './compare.ts';
import { codeFor, LOGGED_OUT, type RecordedAnswer, tokenFor, WITHOUT_CONSENT } from './oauth-cases.ts';
import { isOmitted } from './omissions.ts';

let simulator: MoodleSimulator;
let student: Browser;

beforeAll(async () => {
  simulator = await startMoodleSimulator({ site: recordedSite(), now: () => new Date(RECORDED_AT_SECONDS * 1000) });
  student = createBrowser(simulator);
  await signIn(student, 'student1');
});
afterAll(() => simulator.stop());

const HTML = /^<html (\d+) bytes, title='(.*)'>$/;

/** Values of answers to user_info.php are JSON in text/html: the recorder kept their length only, and here it must be the same. */
function expectBody(live: LiveAnswer, recorded: RecordedAnswer): void {
  const html = HTML.exec(recorded.body);
  if (recorded.raw !== undefined) expect(live.body).toBe(recorded.raw);
  else if (html === null) expect(withoutSecrets(live.body)).toBe(withoutSecrets(recorded.body));
  else if (recorded.request.url.includes('user_info.php')) expect(live.bytes).toBe(Number(html[1]));
  else expect(live.title).toBe(html[2]);
}

function expectAnswer(live: LiveAnswer, recorded: RecordedAnswer): void {
  expect(live.status).toBe(recorded.status);
  expect(withoutSecrets(live.location ?? '')).toBe(withoutSecrets(recorded.location ?? ''));
  expect(live.contentType).toBe(recorded.content_type);
  expect(live.cacheControl ?? undefined).toBe(recorded.cache_control);
  expect(live.wwwAuthenticate ?? undefined).toBe(recorded.www_authenticate);
  if (recorded.set_cookie !== undefined) expect(live.setCookie).toMatch(/MoodleSession=[0-9a-f]+; path=\/; HttpOnly/);
  expectBody(live, recorded);
}

/** Puts the plugin's tables into the state that the case was recorded in. */
function prepare(name: string, recorded: RecordedAnswer): void {
  const { codes, tokens, consents } = simulator.oauth;
  codes.clear();
  tokens.clear();
  consents.clear();
  if (!WITHOUT_CONSENT.has(name)) consents.add(consentKey('jupyterhub', 3, 'user_info'));
  const code = codeFor(name, recorded, RECORDED_AT_SECONDS);
  if (code !== undefined) codes.set(code.code, code);
  const token = tokenFor(name, recorded, RECORDED_AT_SECONDS);
  if (token !== undefined) tokens.set(...token);
}

/** A form's sesskey belongs to the session: the live one replaces the recorded one, except where it is wrong on purpose. */
async function withLiveSesskey(name: string, request: RecordedAnswer['request']): Promise<RecordedAnswer['request']> {
  const { form } = request;
  if (form === undefined || Array.isArray(form) || form['sesskey'] === undefined) return request;
  if (name === 'consent_bad_sesskey') return request;
  const page = await student.send({ method: 'GET', url: request.url });
  return { ...request, form: { ...form, sesskey: formField(page.body, 'sesskey') } };
}

async function replay(name: string, recorded: RecordedAnswer): Promise<void> {
  prepare(name, recorded);
  const atAuthorize = recorded.request.url.includes('/login.php');
  const browser = atAuthorize && !LOGGED_OUT.has(name) ? student : createBrowser(simulator);
  expectAnswer(await browser.send(await withLiveSesskey(name, recorded.request)), recorded);
}

const isExchange = (value: unknown): value is RecordedAnswer =>
  typeof value === 'object' && value !== null && 'request' in value;

/** Cases of a file that are one request and one answer; those that need a story of their own are told below. */
function exchangesOf(file: string): [string, RecordedAnswer][] {
  return Object.entries(capture<Record<string, unknown>>(file)).filter(
    (entry): entry is [string, RecordedAnswer] =>
      isExchange(entry[1]) && !isOmitted(`${file}/${entry[0]}`, 'whole') && !entry[0].startsWith('logout_'),
  );
}

for (const file of ['oauth_error_matrix', 'oauth_behaviours', 'oauth_attacks'])
  describe(file, () => {
    it.each(exchangesOf(file))('%s', replay);
  });

describe('oauth_behaviours, stories', () => {
  const behaviours = capture<Record<string, never>>('oauth_behaviours');
  const states = ['plus_amp', 'pct', 'html', 'b64'].map((name) => `state_logged_out_${name}`);

  it.each(states)('%s', async (name) => {
    const { sent, location } = behaviours[name] as unknown as { sent: string; location: string };
    simulator.oauth.consents.add(consentKey('jupyterhub', 3, 'user_info'));
    const query = new URLSearchParams({
      client_id: 'jupyterhub',
      response_type: 'code',
      scope: 'user_info',
      state: sent,
    });
    const browser = createBrowser(simulator);
    browser.cookie = 'MoodleSession=none';
    await browser.send({ method: 'GET', url: `${RECORDED_WWWROOT}/local/oauth/login.php?${query}` });
    const back = await signIn(browser, 'student1');
    const end = await browser.send({ method: 'GET', url: back.location ?? '' });
    expect(withoutSecrets(end.location ?? '')).toBe(withoutSecrets(location));
  });

  const usernames = Object.entries(
    behaviours['userinfo_usernames'] as unknown as Record<string, { raw: string; ct: string }>,
  );
  it.each(usernames)('userinfo_usernames %s', async (username, recorded) => {
    const user = [...simulator.site.users.values()].find((row) => row.username === username);
    const token = { userId: user?.id ?? 0, scope: 'user_info', expiresAt: RECORDED_AT_SECONDS + 60 };
    simulator.oauth.tokens.set('t', token);
    const url = `${RECORDED_WWWROOT}/local/oauth/user_info.php?access_token=t`;
    const live = await createBrowser(simulator).send({ method: 'GET', url });
    expect(live.body).toBe(recorded.raw);
    expect(live.contentType).toBe(recorded.ct);
  });

  it('logout_without_sesskey and logout_with_sesskey', async () => {
    const browser = createBrowser(simulator);
    await signIn(browser, 'student2');
    const asked = behaviours['logout_without_sesskey'] as unknown as RecordedAnswer;
    const page = await browser.send(asked.request);
    expectAnswer(page, asked);
    const done = behaviours['logout_with_sesskey'] as unknown as RecordedAnswer;
    const url = `${RECORDED_WWWROOT}/login/logout.php?sesskey=${formField(page.body, 'sesskey')}`;
    expectAnswer(await browser.send({ method: 'GET', url }), done);
  });

  it('a suspension ends the session and refuses the next login', async () => {
    const browser = createBrowser(simulator);
    await signIn(browser, 'student3');
    suspendUser(simulator.site, 5);
    const recorded = behaviours['authz_session_after_suspend'] as unknown as RecordedAnswer;
    expectAnswer(await browser.send(recorded.request), recorded);
    const refused = await signIn(browser, 'student3');
    expect(refused.body).toContain('Invalid login, please try again');
  });
});

describe('oauth_attacks, stories', () => {
  const attacks = capture<Record<string, never>>('oauth_attacks');

  it('token_json_code_guess_example: a number finds the code that starts with it', async () => {
    const { guess } = attacks['token_json_code_guess_example'] as unknown as { guess: number };
    const code = `2a50${'f'.repeat(36)}`;
    const expiresAt = RECORDED_AT_SECONDS + 30;
    simulator.oauth.codes.clear();
    simulator.oauth.codes.set(code, {
      code,
      clientId: 'jupyterhub',
      userId: 7,
      redirectUri: undefined,
      scope: 'user_info',
      expiresAt,
    });
    const live = await createBrowser(simulator).send({
      method: 'POST',
      url: `${RECORDED_WWWROOT}/local/oauth/token.php`,
      json: { grant_type: 'authorization_code', client_id: 'jupyterhub', client_secret: true, code: guess },
    });
    expect(live.status).toBe(200);
    expect([...simulator.oauth.tokens.values()].at(-1)?.userId).toBe(7);
  });

  it('userinfo_html_in_description', async () => {
    const recorded = attacks['userinfo_html_in_description'] as unknown as { ct: string; body: string };
    simulator.oauth.tokens.set('t', { userId: 7, scope: 'user_info', expiresAt: RECORDED_AT_SECONDS + 60 });
    const url = `${RECORDED_WWWROOT}/local/oauth/user_info.php?access_token=t`;
    const live = await createBrowser(simulator).send({ method: 'GET', url });
    expect(live.body).toBe(recorded.body);
    expect(live.contentType).toBe(recorded.ct);
    expect(live.headers.get('x-content-type-options')).toBeNull();
  });

  it('consent_page_headers', async () => {
    const recorded = attacks['consent_page_headers'] as unknown as Record<string, string>;
    simulator.oauth.consents.clear();
    const url = `${RECORDED_WWWROOT}/local/oauth/login.php?client_id=jupyterhub&response_type=code&scope=user_info`;
    const live = await student.send({ method: 'GET', url });
    for (const name of ['Content-Type', 'Cache-Control', 'X-Frame-Options'])
      expect(live.headers.get(name), name).toBe(recorded[name]);
  });
});

describe('oauth_user_info_raw', () => {
  it('token and user_info', async () => {
    const recorded = capture<{ headers: Record<string, string>; body_text: string }>('oauth_user_info_raw');
    simulator.oauth.tokens.set('t', { userId: 3, scope: 'user_info', expiresAt: RECORDED_AT_SECONDS + 60 });
    const url = `${RECORDED_WWWROOT}/local/oauth/user_info.php`;
    const live = await createBrowser(simulator).send({ method: 'POST', url, form: { access_token: 't' } });
    expect(live.body).toBe(recorded.body_text);
    for (const name of ['Content-Type', 'Cache-Control']) expect(live.headers.get(name)).toBe(recorded.headers[name]);
  });
});

describe('oauth_flow_logged_out, one browser from the start to user_info', () => {
  const steps = capture<RecordedAnswer[]>('oauth_flow_logged_out');
  let page: LiveAnswer;
  let code = '';
  let accessToken = '';
  const browser = () => flow;
  let flow: Browser;
  beforeAll(() => {
    flow = createBrowser(simulator);
    flow.cookie = 'MoodleSession=none';
    simulator.oauth.consents.clear();
  });

  /** Random values of the recording are replaced by those that the simulator gave out in earlier steps. */
  function live(request: RecordedAnswer['request']): RecordedAnswer['request'] {
    if (request.form === undefined || Array.isArray(request.form)) return request;
    const form: Record<string, unknown> = { ...request.form };
    for (const name of ['logintoken', 'sesskey']) if (name in form) form[name] = formField(page.body, name);
    if ('code' in form) form['code'] = code;
    if ('access_token' in form) form['access_token'] = accessToken;
    return { ...request, form };
  }

  it.each(steps.map((step, index) => [`${index + 1}. ${step.request.method} ${step.request.url.slice(21, 60)}`, step]))(
    '%s',
    async (_name, step) => {
      const recorded = step as RecordedAnswer;
      const answer = await browser().send(live(recorded.request));
      // testsession carries the person's id: the same in both.
      expectAnswer(answer, recorded);
      page = answer;
      code = new URL(answer.location ?? 'http://none/').searchParams.get('code') ?? code;
      if (answer.body.startsWith('{"access_token"')) accessToken = String(JSON.parse(answer.body).access_token);
    },
  );
});
