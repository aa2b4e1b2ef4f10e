// Two people in one browser: the second one never gets the first one's hub (bridge.md 5, bridge-hosts.md 2).
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Browser, createBrowser } from '../../support/browser.ts';
import { authorizeQuery } from './authorization-request.ts';
import {
  beginUntil,
  type Campus,
  followUntil,
  passMoodle,
  signIn,
  signInAtMoodle,
  signOutOfMoodle,
  startCampus,
} from './campus.ts';

let campus: Campus;
beforeAll(async () => {
  campus = await startCampus();
});
afterAll(() => campus?.stop());
beforeEach(() => {
  campus.hub.logouts.count = 0;
});

const userInfoCalls = () => campus.moodle.calls.filter((call) => call.path === '/local/oauth/user_info.php').length;
const since = (browser: Browser, start: number) =>
  browser.history.slice(start).map((entry) => new URL(entry.url).pathname);

describe('another person in the same browser', () => {
  it('goes through the hub logout first and ends as that person, with one question to Moodle', async () => {
    const browser = await signIn(campus, 'student1');
    await signOutOfMoodle(campus, browser);
    const [start, calls] = [browser.history.length, userInfoCalls()];
    await signIn(campus, 'student2', browser);
    expect(browser.page.text).toContain('hub of student2');
    expect(campus.hub.logouts.count).toBe(1);
    expect(userInfoCalls() - calls).toBe(1);
    const path = since(browser, start);
    expect(path.indexOf('/hub/logout')).toBeLessThan(path.indexOf('/after-logout'));
    expect(path.indexOf('/after-logout')).toBeLessThan(path.lastIndexOf('/hub/oauth_login'));
    expect(await campus.metric('coursehub_signin_total{outcome="switched_person"}')).toBe(1);
  });

  it('takes the hop too when the session of the first one at the bridge is over', async () => {
    const browser = await signIn(campus, 'student1');
    await campus.database.db.deleteFrom('oidc_payload').where('model', '=', 'Session').execute();
    await signOutOfMoodle(campus, browser);
    await signIn(campus, 'student2', browser);
    expect(browser.page.text).toContain('hub of student2');
    expect(campus.hub.logouts.count).toBe(1);
  });

  it('takes the hop too when the browser has forgotten the last person but not the session', async () => {
    const browser = await signIn(campus, 'student1');
    await browser.jar.store.removeCookie('bridge.localhost', '/', 'ob_person');
    expect(await browser.cookie(campus.bridgeUrl, 'ob_person')).toBeUndefined();
    await signOutOfMoodle(campus, browser);
    await signIn(campus, 'student2', browser);
    expect(browser.page.text).toContain('hub of student2');
    expect(campus.hub.logouts.count).toBe(1);
  });

  it('cannot skip the hop by breaking it off', async () => {
    const browser = await signIn(campus, 'student1');
    await signOutOfMoodle(campus, browser);
    await signInAtMoodle(campus, browser, 'student2');
    await beginUntil(campus, browser, '/hub/logout');
    // The hub's logout is never reached; the hub still belongs to the first person.
    expect(await browser.cookie(campus.hub.url, 'hub-login')).toBe('student1');
    await browser.get(`${campus.hub.url}/hub/oauth_login`);
    expect(browser.page.text).toContain('hub of student2');
    expect(campus.hub.logouts.count).toBe(1);
  });

  it('takes the hop too when both sign-ins end at the same moment', async () => {
    const browser = createBrowser();
    const finishes: URL[] = [];
    for (const username of ['student1', 'student2']) {
      await signInAtMoodle(campus, browser, username);
      await browser.get(await beginUntil(campus, browser, '/callback/moodle'), { follow: false });
      finishes.push(await followUntil(browser, (url) => url.pathname.endsWith('/finish')));
      await signOutOfMoodle(campus, browser);
    }
    const resumes: URL[] = [];
    for (const finish of finishes) {
      // Neither request knew of the other when it was sent.
      await browser.jar.store.removeCookie('bridge.localhost', '/', 'ob_person');
      await browser.get(finish, { follow: false });
      resumes.push(await followUntil(browser, (url) => url.pathname.startsWith('/auth/')));
    }
    for (const resume of resumes) await browser.get(resume, { follow: resume === resumes[1] });
    expect(browser.page.text).toContain('hub of student2');
    expect(campus.hub.logouts.count).toBe(1);
  });

  it('is not needed for the same person: their tabs stay open', async () => {
    const browser = await signIn(campus, 'student1');
    await browser.get(`${campus.hub.url}/hub/oauth_login`);
    expect(browser.page.text).toContain('hub of student1');
    expect(campus.hub.logouts.count).toBe(0);
  });
});

describe('another client than the hub', () => {
  it('gets its own request again after the hop', async () => {
    const other = await startCampus({
      config: (text) =>
        text.replace(
          'clients:\n',
          "clients:\n    - { id: grafana, redirectUris: ['http://grafana.localhost:9/login'], scopes: [profile] }\n",
        ),
      environment: { OIDC_CLIENT_SECRET_GRAFANA: 'grafana-secret' },
    });
    try {
      const browser = await signIn(other, 'student1');
      await browser.get(`${other.moodle.wwwroot}/login/logout.php`);
      await browser.submit();
      const query = authorizeQuery(other.hub.url, {
        client_id: 'grafana',
        redirect_uri: 'http://grafana.localhost:9/login',
      });
      await browser.get(`${other.bridgeUrl}/auth?${query}`);
      // Nobody listens at Grafana's address: the last redirect fails there.
      await expect(passMoodle(browser, 'student2')).rejects.toThrow(/ECONNREFUSED/);
      expect(other.hub.logouts.count).toBe(1);
      const rows = await other.database.db
        .selectFrom('oidc_payload')
        .select('payload')
        .where('model', '=', 'AuthorizationCode')
        .execute();
      expect(rows.map((row) => row.payload['clientId'])).toContain('grafana');
    } finally {
      await other.stop();
    }
  });
});

describe('a logout at the hub', () => {
  it('ends on a page that says what is still open, and ends the session of the bridge', async () => {
    const browser = await signIn(campus, 'student1');
    await browser.get(`${campus.hub.url}/hub/logout`);
    expect(browser.page.url.pathname).toBe('/after-logout');
    expect(browser.page.text).toContain('You are signed out of the hub');
    expect(browser.page.text).toContain(`${campus.moodle.wwwroot}/login/logout.php`);
    expect(browser.page.text).toContain(`${campus.hub.url}/hub/oauth_login`);
    const sessions = await campus.database.db
      .selectFrom('oidc_payload')
      .select('payload')
      .where('model', '=', 'Session')
      .execute();
    const cookie = await browser.cookie(campus.bridgeUrl, 'ob_session');
    expect(sessions.filter((row) => row.payload['jti'] === cookie)).toEqual([]);
  });

  it('shows the page to everybody, also without any cookie', async () => {
    const browser = createBrowser();
    expect((await browser.get(`${campus.bridgeUrl}/after-logout`)).status).toBe(200);
  });
});
