// Forged, replayed, stolen and planted parts of a sign-in (bridge-hosts.md 4, 5); every refusal is a page that begins again.
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Browser, createBrowser } from '../../support/browser.ts';
import { authorizeQuery, issueCode, redeem, redeemWithBasic } from './authorization-request.ts';
import { beginUntil, type Campus, discoverBridge, followUntil, signIn, signInAtMoodle, startCampus } from './campus.ts';

let campus: Campus;
let port: number;
beforeAll(async () => {
  campus = await startCampus();
  port = Number(new URL(campus.bridgeUrl).port);
  await signIn(campus, 'student1');
  await signIn(campus, 'student2');
});
afterAll(() => campus?.stop());

const outcome = (name: string) => campus.metric(`coursehub_signin_total{outcome="${name}"}`);

async function signedInAtMoodle(username: string): Promise<Browser> {
  const browser = createBrowser();
  await signInAtMoodle(campus, browser, username);
  return browser;
}

function expectRefusal(browser: Browser, status: number, sentence: string): void {
  expect([browser.page.status, browser.page.text]).toEqual([status, expect.stringContaining(sentence)]);
  expect(browser.page.text).toContain(`href="${campus.hub.url}/hub/oauth_login"`);
  const id = String(browser.page.headers['x-request-id']);
  expect(browser.page.text).toContain(id);
  expect(campus.log).toContainEqual(expect.objectContaining({ msg: 'sign-in', request_id: id }));
}

describe('state', () => {
  it.each([
    '',
    '?code=abc',
    '?state=x&code=abc',
    `?state=${'0'.repeat(48)}&code=abc`,
    '?state[]=a&code=b',
    '?%E0%A4%A',
  ])('forged: /callback/moodle%s', async (query) => {
    const browser = createBrowser();
    await browser.get(`${campus.bridgeUrl}/callback/moodle${query}`);
    expectRefusal(browser, 400, 'This sign-in is over');
  });

  it('replayed: neither the callback nor the finish works twice', async () => {
    const browser = await signedInAtMoodle('student1');
    const callback = await beginUntil(campus, browser, '/callback/moodle');
    await browser.get(callback, { follow: false });
    const finish = await followUntil(browser, (url) => url.pathname.endsWith('/finish'));
    await browser.get(finish, { follow: false });
    expect(browser.page.headers.location).toContain('/auth/');
    for (const address of [callback, finish]) {
      await browser.get(address);
      expectRefusal(browser, 400, 'This sign-in is over');
    }
  });

  it('expired: the row is there, its time is over', async () => {
    const browser = await signedInAtMoodle('student1');
    const callback = await beginUntil(campus, browser, '/callback/moodle');
    await campus.database.db
      .updateTable('signin_state')
      .set({ expires_at: new Date(Date.now() - 1000) })
      .where('kind', '=', 'upstream')
      .execute();
    await browser.get(callback);
    expectRefusal(browser, 400, 'This sign-in is over');
  });

  it('of another sign-in of the same browser', async () => {
    const browser = await signedInAtMoodle('student1');
    const first = await beginUntil(campus, browser, '/callback/moodle');
    await browser.get(first, { follow: false });
    const finishOfFirst = await followUntil(browser, (url) => url.pathname.endsWith('/finish'));
    const second = await beginUntil(campus, browser, '/callback/moodle');
    await browser.get(second, { follow: false });
    const finishOfSecond = await followUntil(browser, (url) => url.pathname.endsWith('/finish'));
    await browser.get(`${finishOfSecond.origin}${finishOfSecond.pathname}${finishOfFirst.search}`);
    expectRefusal(browser, 400, 'This sign-in is over');
  });
});

describe('a sign-in begun in another browser', () => {
  it('cannot be finished by whoever gets the callback address (login CSRF)', async () => {
    const attacker = await signedInAtMoodle('student2');
    const callback = await beginUntil(campus, attacker, '/callback/moodle');
    const victim = createBrowser();
    await victim.get(callback);
    expectRefusal(victim, 400, 'another browser');
    expect(await victim.cookie(campus.bridgeUrl, 'ob_session')).toBeUndefined();
  });

  it.each(['/auth/', '/interaction/'])('cannot be continued at %s with planted cookies', async (part) => {
    const attacker = await signedInAtMoodle('student2');
    const address = await beginUntil(campus, attacker, part);
    const victim = createBrowser();
    // The victim has a browser secret of an own sign-in, and the attacker's other cookies.
    await victim.get(`${campus.hub.url}/hub/oauth_login`);
    for (const cookie of await attacker.jar.getCookies(address.href)) {
      if (cookie.key !== 'ob_browser') await victim.jar.setCookie(cookie, address.href);
    }
    await victim.get(address);
    expectRefusal(victim, 400, 'another browser');
    expect(await outcome('other_browser')).toBeGreaterThan(0);
  });

  it('is not resumed from the address of the own sign-in', async () => {
    const attacker = await signedInAtMoodle('student2');
    const address = await beginUntil(campus, attacker, '/auth/');
    const victim = await signedInAtMoodle('student1');
    const own = await beginUntil(campus, victim, '/auth/');
    // The victim's own ob_resume was pushed out of the browser; the attacker's was set for all of /auth.
    for (const name of ['ob_resume', 'ob_resume.sig'])
      await victim.jar.store.removeCookie('bridge.localhost', own.pathname, name);
    for (const cookie of await attacker.jar.getCookies(address.href)) {
      if (!cookie.key.startsWith('ob_resume')) continue;
      const planted = cookie.clone() ?? cookie;
      planted.path = '/auth';
      await victim.jar.setCookie(planted, own.href);
    }
    await victim.get(own);
    expectRefusal(victim, 400, 'another browser');
    expect(await victim.cookie(campus.bridgeUrl, 'ob_session')).toBeUndefined();
  });

  it('is over when nobody knows it', async () => {
    const browser = createBrowser();
    await browser.get(`${campus.bridgeUrl}/interaction/abc`);
    expectRefusal(browser, 400, 'This sign-in is over');
    await browser.get(`${campus.bridgeUrl}/auth/abc`);
    expectRefusal(browser, 400, 'This sign-in is over');
  });
});

it('a session cookie of another person signs nobody in: Moodle is asked', async () => {
  const victim = await signIn(campus, 'student1');
  const attacker = await signedInAtMoodle('student2');
  for (const cookie of await victim.jar.getCookies(campus.bridgeUrl)) {
    if (cookie.key.startsWith('ob_session')) await attacker.jar.setCookie(cookie, campus.bridgeUrl);
  }
  await attacker.get(`${campus.hub.url}/hub/oauth_login`);
  expect(attacker.page.text).toContain('hub of student2');
});

describe('scripts and frames', () => {
  it.each([
    ['/auth', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['/auth', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'empty' }],
    ['/auth', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
    ['/auth/abc', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['/interaction/abc', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['/interaction/abc/finish', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['/callback/moodle', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['/after-logout', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
    ['/login-link/abc', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'empty' }],
  ])('%s refuses %j', async (path, headers) => {
    const browser = createBrowser();
    await browser.get(campus.bridgeUrl + path, { headers });
    expectRefusal(browser, 403, 'inside another page');
    expect(browser.page.headers['set-cookie']).toBeUndefined();
  });

  it('pass without the headers: old browsers send none', async () => {
    const browser = createBrowser();
    const none = { 'sec-fetch-mode': '', 'sec-fetch-dest': '', 'sec-fetch-site': '' };
    await browser.get(`${campus.hub.url}/hub/oauth_login`, { headers: none });
    expect(browser.page.text).toContain('loginbtn');
  });

  it('get no page that may be framed or run a script', async () => {
    const browser = createBrowser();
    await browser.get(`${campus.bridgeUrl}/after-logout`);
    const policy = String(browser.page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(browser.page.text).not.toMatch(/<script|style=|onclick/i);
    for (const asset of ['bootstrap.min.css', 'bridge.css']) {
      const css = await browser.get(`${campus.bridgeUrl}/assets/${asset}`, {
        headers: { 'sec-fetch-mode': 'no-cors' },
      });
      expect([css.status, css.headers['cache-control']]).toEqual([200, expect.stringContaining('max-age=86400')]);
    }
  });
});

describe('the OpenID side', () => {
  const authorize = (change: Record<string, string>) =>
    `${campus.bridgeUrl}/auth?${authorizeQuery(campus.hub.url, change)}`;

  it.each([
    ['an address that is not registered', { redirect_uri: 'https://evil.example/cb' }],
    ['a prefix of the registered one', { redirect_uri: 'http://hub.localhost/hub/oauth_callback/../evil' }],
    ['an unknown client', { client_id: 'nobody' }],
  ])('never redirects to %s', async (_name, change) => {
    const browser = createBrowser();
    await browser.get(authorize(change), { follow: false });
    expect(browser.page.headers.location).toBeUndefined();
    expectRefusal(browser, 400, 'cannot go on');
    expect(browser.page.text).not.toContain('evil');
  });

  it.each([
    ['no PKCE', { code_challenge: '', code_challenge_method: '' }, 'invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['the implicit flow', { response_type: 'id_token', nonce: 'n' }, 'unsupported_response_type'],
    ['a silent sign-in', { prompt: 'none' }, 'login_required'],
  ])('refuses %s and tells the client', async (_name, change, error) => {
    const browser = createBrowser();
    await browser.get(authorize(change), { follow: false });
    const location = new URL(String(browser.page.headers.location));
    expect(location.origin).toBe(new URL(campus.hub.url).origin);
    expect(new URLSearchParams(location.search || location.hash.slice(1)).get('error')).toBe(error);
  });

  it('announces only what it does, under its own name, whatever Host is forged', async () => {
    const forged = createBrowser();
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };
    await forged.get(`http://127.0.0.1:${port}/.well-known/openid-configuration`, { headers });
    const discovery = JSON.parse(forged.page.text) as Record<string, unknown>;
    expect(discovery).toMatchObject({
      issuer: campus.bridgeUrl,
      authorization_endpoint: `${campus.bridgeUrl}/auth`,
      token_endpoint: `${campus.bridgeUrl}/token`,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    });
    expect(forged.page.text).not.toContain('evil');
    await forged.get(authorize({}).replace('bridge.localhost', '127.0.0.1'), { headers, follow: false });
    expect(String(forged.page.headers.location)).toBe(
      `/interaction/${String(forged.page.headers.location).split('/')[2]}`,
    );
  });

  it('publishes no private key', async () => {
    const browser = createBrowser();
    await browser.get(`${campus.bridgeUrl}/jwks`);
    const { keys } = JSON.parse(browser.page.text) as { keys: Record<string, unknown>[] };
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([['alg', 'e', 'kid', 'kty', 'n', 'use']]);
  });
});

describe('codes', () => {
  const newCode = () => issueCode(campus, createBrowser());

  it('are redeemed by exactly one of twelve at once', async () => {
    const code = await newCode();
    const answers = await Promise.all(Array.from({ length: 12 }, () => redeem(campus, port, code)));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 400 && answer.body.includes('invalid_grant'))).toHaveLength(11);
  });

  it.each([
    ['a wrong verifier', { code_verifier: 'x'.repeat(43) }, 'invalid_grant'],
    ['no verifier', { code_verifier: '' }, 'invalid_grant'],
    ['another redirect_uri', { redirect_uri: 'https://evil.example/cb' }, 'invalid_grant'],
    ['a wrong client secret', { client_secret: 'wrong' }, 'invalid_client'],
    ['a forged code', { code: 'forged' }, 'invalid_grant'],
    ['another grant type', { grant_type: 'password' }, 'unsupported_grant_type'],
  ])('are not redeemed with %s', async (_name, change, error) => {
    const code = await newCode();
    const answer = await redeem(campus, port, code, change);
    expect([answer.status >= 400, answer.body]).toEqual([true, expect.stringContaining(error)]);
    expect(answer.body).not.toMatch(/stack|node_modules/);
    expect(campus.log).toContainEqual(
      expect.objectContaining({ msg: 'an OpenID request was refused', what: 'token', detail: expect.any(String) }),
    );
  });

  it('end with their tokens when they are replayed later', async () => {
    const code = await newCode();
    const first = JSON.parse((await redeem(campus, port, code)).body) as { access_token: string };
    const me = () =>
      fetch(`http://127.0.0.1:${port}/me`, { headers: { authorization: `Bearer ${first.access_token}` } });
    expect((await me()).status).toBe(200);
    expect((await redeem(campus, port, code)).status).toBe(400);
    expect((await me()).status).toBe(401);
  });

  it('may also be redeemed with HTTP Basic', async () => {
    expect(await redeemWithBasic(campus, port, await newCode())).toBe(200);
  });

  it('need the right secret with openid-client too', async () => {
    const configuration = await discoverBridge(campus.bridgeUrl, port, 'wrong');
    const callback = new URL(`${campus.hub.url}/hub/oauth_callback?code=${await newCode()}&state=s`);
    callback.searchParams.set('iss', campus.bridgeUrl);
    await expect(
      client.authorizationCodeGrant(configuration, callback, { expectedState: 's', pkceCodeVerifier: 'x'.repeat(43) }),
    ).rejects.toMatchObject({ error: 'invalid_client' });
  });
});

it('nothing secret is in the log', () => {
  const text = JSON.stringify(campus.log);
  for (const secret of ['moodle-client-secret', 'oidc-client-secret', 'internal-token-bridge', '"d":'])
    expect(text).not.toContain(secret);
});
