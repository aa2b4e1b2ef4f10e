// A client's own request, for tests that stop between the steps: the PKCE pair of RFC 7636 appendix B.
import type { Browser } from '../../support/browser.ts';
import { type Campus, followUntil, signInAtMoodle } from './campus.ts';

const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';

/** @param change fields that differ; an empty value leaves one out. */
export function authorizeQuery(hubUrl: string, change: Readonly<Record<string, string>> = {}): URLSearchParams {
  const query = new URLSearchParams({
    client_id: 'jupyterhub',
    redirect_uri: `${hubUrl}/hub/oauth_callback`,
    response_type: 'code',
    scope: 'openid profile',
    state: 's',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...change,
  });
  for (const [name, value] of Object.entries(change)) if (value === '') query.delete(name);
  return query;
}

/** A code that nobody has redeemed. The person must have consented at Moodle before. */
export async function issueCode(campus: Campus, browser: Browser, username = 'student1'): Promise<string> {
  await signInAtMoodle(campus, browser, username);
  await browser.get(`${campus.bridgeUrl}/auth?${authorizeQuery(campus.hub.url)}`, { follow: false });
  const callback = await followUntil(browser, (url) => url.pathname === '/hub/oauth_callback');
  return callback.searchParams.get('code') ?? '';
}

/** @param port of one bridge. */
export async function redeem(
  campus: Campus,
  port: number,
  code: string,
  change: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(`http://127.0.0.1:${port}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: `${campus.hub.url}/hub/oauth_callback`,
      client_id: 'jupyterhub',
      client_secret: 'oidc-client-secret',
      code_verifier: VERIFIER,
      ...change,
    }),
  });
  return { status: response.status, body: await response.text() };
}

/** The same with HTTP Basic. */
export async function redeemWithBasic(campus: Campus, port: number, code: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('jupyterhub:oidc-client-secret').toString('base64')}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: `${campus.hub.url}/hub/oauth_callback`,
      code_verifier: VERIFIER,
    }),
  });
  return response.status;
}
