// Cookies under https: __Host- and Secure, although the proxy speaks plain http to the bridge (bridge-hosts.md 7).
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createBrowser } from '../../support/browser.ts';
import { authorizeQuery } from './authorization-request.ts';
import { type Campus, signInAtMoodle, startCampus } from './campus.ts';

const ISSUER = 'https://bridge.uni.test';

let campus: Campus;
beforeAll(async () => {
  campus = await startCampus({
    config: (text) => text.replace(/publicUrl: http:\/\/bridge\.localhost:\d+/, `publicUrl: ${ISSUER}`),
    prepare: (site) => {
      for (const oauthClient of site.oauthClients) oauthClient.redirectUri = `${ISSUER}/callback/moodle`;
    },
  });
});
afterAll(() => campus?.stop());

it('every cookie is Secure and HttpOnly, and has the prefix where its path is /', async () => {
  const port = new URL(campus.bridgeUrl).port;
  const jar = new Map<string, string>();
  const set: string[] = [];
  const visit = async (address: string): Promise<string> => {
    // A browser without a jar of its own: Secure cookies do not travel over the plain http behind the proxy.
    const page = await createBrowser().get(address.replace(ISSUER, `http://127.0.0.1:${port}`), {
      follow: false,
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    for (const line of page.headers['set-cookie'] ?? []) {
      set.push(line);
      const [pair = ''] = line.split(';');
      const cut = pair.indexOf('=');
      jar.set(pair.slice(0, cut), pair.slice(cut + 1));
    }
    const { location } = page.headers;
    if (location === undefined) throw new Error(`${address} answered ${page.status}: ${page.text}`);
    return new URL(location, ISSUER).href;
  };
  const query = authorizeQuery(campus.hub.url);
  const moodle = createBrowser();
  await signInAtMoodle(campus, moodle, 'student1');
  const toMoodle = await visit(await visit(`${ISSUER}/auth?${query}`));
  await moodle.get(toMoodle, { follow: false });
  if (moodle.page.status === 200) {
    // The consent page; its answer goes to an address that nobody serves here.
    const sesskey = /name="sesskey" type="hidden" value="([^"]+)"/.exec(moodle.page.text)?.[1] ?? '';
    await moodle.post(
      toMoodle,
      { sesskey, _qf__local_oauth_authorize_form: '1', submitbutton: 'Confirm' },
      { follow: false },
    );
  }
  const finish = await visit(String(moodle.page.headers.location));
  expect(await visit(await visit(finish))).toContain('/hub/oauth_callback?code=');

  const names = set.map((line) => line.split('=')[0]);
  expect(names).toContain('__Host-ob_browser');
  expect(names).toContain('__Host-ob_session');
  expect(names).toContain('__Host-ob_session.sig');
  expect(names).toContain('__Host-ob_person');
  for (const line of set) {
    expect(line).toMatch(/; ?secure/i);
    expect(line).toMatch(/; ?httponly/i);
    expect(line).toMatch(/; ?samesite=lax/i);
    expect(line).not.toMatch(/; ?domain=/i);
    expect(line.startsWith('__Host-')).toBe(/; ?path=\/(;|$)/i.test(line));
  }
});
