// Addresses and bodies that no browser and no client sends: refused as bad requests, never a failure on our side.
import net from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createBrowser } from '../../support/browser.ts';
import { authorizeQuery, redeem } from './authorization-request.ts';
import { type Campus, startCampus } from './campus.ts';

let campus: Campus;
let port: number;
beforeAll(async () => {
  campus = await startCampus();
  port = Number(new URL(campus.bridgeUrl).port);
});
afterAll(() => campus?.stop());

/** Sends bytes that an HTTP client would not. */
function sendRaw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (part) => {
      answer += part;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

const authorize = (change: Record<string, string>) => `/auth?${authorizeQuery(campus.hub.url, change)}`;

it.each<[string, () => string]>([
  ['NUL in the path of a sign-in', () => '/interaction/%00'],
  ['NUL in the path of its end', () => '/auth/%00'],
  ['NUL in a client id', () => authorize({ client_id: '\0' })],
  ['NUL in state', () => authorize({ state: 'a\0b' })],
  ['NUL in nonce', () => authorize({ nonce: '\0' })],
  ['NUL in login_hint', () => authorize({ login_hint: '\0' })],
  ['NUL in a code of Moodle', () => `/callback/moodle?state=${'a'.repeat(48)}&code=a%00b`],
  ['a path that cannot be decoded', () => '/interaction/%E0%A4'],
  ['a login link that cannot be decoded', () => '/login-link/%E0%A4%A'],
  ['a client named __proto__', () => authorize({ client_id: '__proto__' })],
  ['a sign-in named __proto__', () => '/interaction/__proto__'],
])('%s is a bad request', async (_name, address) => {
  const answer = await sendRaw(`GET ${address()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain(`${campus.hub.url}/hub/oauth_login`);
});

it.each([
  ['code', 400],
  ['client_id', 401],
  ['redirect_uri', 400],
  ['code_verifier', 400],
])('NUL in %s of a redemption', async (field, status) => {
  expect((await redeem(campus, port, 'abc', { [field]: '\0' })).status).toBe(status);
});

it('NUL in an access token', async () => {
  const body = new URLSearchParams({ access_token: '\0' });
  expect((await fetch(`http://127.0.0.1:${port}/me`, { method: 'POST', body })).status).toBe(401);
});

it('an absolute request target forges no address', async () => {
  const target = 'http://evil.example/.well-known/openid-configuration';
  const answer = await sendRaw(`GET ${target} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`);
  expect(answer).toContain(`"token_endpoint":"${campus.bridgeUrl}/token"`);
  expect(answer).not.toContain('evil');
  for (const odd of ['evil.example:80', '*'])
    expect(await sendRaw(`OPTIONS ${odd} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)).not.toContain(' 500 ');
});

it('nothing of it is a failure in the log', async () => {
  const browser = createBrowser();
  await browser.get(`${campus.bridgeUrl}/interaction/abc`);
  expect(campus.log.filter((line) => line['level'] === 'error')).toEqual([]);
});
