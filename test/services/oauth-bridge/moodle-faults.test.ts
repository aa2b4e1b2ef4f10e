// Moodle answering what it should not: the page stays safe, the log says which step and what was answered; the start refuses a wrong configuration.
import express from 'express';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../src/runtime/free-port.ts';
import type { FaultAnswer, MoodleFaults } from '../../simulators/moodle/faults.ts';
import { userByUsername } from '../../simulators/moodle/model.ts';
import { deleteUser } from '../../simulators/moodle/site-changes.ts';
import { createBrowser } from '../../support/browser.ts';
import { beginUntil, type Campus, followUntil, listen, signIn, startCampus } from './campus.ts';

describe('during a sign-in', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await startCampus({ config: (text) => text.replace('localOauth:', 'requestTimeout: 1s\n  localOauth:') });
    await signIn(campus, 'student1');
  });
  afterAll(() => campus?.stop());
  afterEach(() => campus.moodle.faults.clear());

  const lastRefusal = () => campus.log.findLast((line) => line['outcome'] === 'upstream_error');

  it.each<[string, FaultAnswer, string, RegExp]>([
    ['token.php', 'html', 'bad_answer', /token\.php answered status 200, text\/html/],
    ['token.php', 'redirect', 'bad_answer', /token\.php answered status 303.*Location http.*\/login\/index\.php/],
    ['token.php', '503', 'unreachable', /token\.php answered status 503.*under maintenance/],
    ['token.php', 'half-json', 'bad_answer', /token\.php answered status 200, application\/json/],
    ['token.php', 'empty-list', 'bad_answer', /token\.php answered status 200/],
    ['token.php', 'hang', 'unreachable', /token\.php did not answer/],
    ['token.php', 'reset', 'unreachable', /token\.php did not answer/],
    ['user_info.php', 'html', 'bad_answer', /user_info\.php answered status 200, text\/html/],
    ['user_info.php', 'redirect', 'bad_answer', /user_info\.php answered status 303/],
    ['user_info.php', '503', 'unreachable', /user_info\.php answered status 503/],
    ['user_info.php', 'half-json', 'bad_answer', /user_info\.php answered status 200/],
    ['user_info.php', 'empty-list', 'bad_answer', /user_info\.php lacks or mistypes/],
    ['user_info.php', 'hang', 'unreachable', /user_info\.php did not answer/],
  ])('%s: %s', async (page, answer, reason, detail) => {
    const browser = await signIn(campus, 'student1');
    campus.moodle.faults.fail({ match: { path: `/local/oauth/${page}` }, answer });
    await browser.get(`${campus.hub.url}/hub/oauth_login`);
    expect([browser.page.status, browser.page.text]).toEqual([
      502,
      expect.stringContaining('Moodle could not sign you in'),
    ]);
    expect(browser.page.text).toContain(`${campus.hub.url}/hub/oauth_login`);
    expect(browser.page.text).not.toMatch(/token\.php|user_info|303|half|stud\b/);
    expect(lastRefusal()).toMatchObject({ reason, detail: expect.stringMatching(detail), level: 'error' });
    campus.moodle.faults.clear();
    await browser.get(`${campus.hub.url}/hub/oauth_login`);
    expect(browser.page.text).toContain('hub of student1');
  });

  it('a client secret that was changed in Moodle: the log names the variable and the answer', async () => {
    const [oauthClient] = campus.moodle.site.oauthClients;
    if (!oauthClient) throw new Error('the campus has no OAuth client');
    oauthClient.secret = 'changed';
    const browser = await signIn(campus, 'student1');
    oauthClient.secret = 'moodle-client-secret';
    expect(browser.page.status).toBe(502);
    expect(browser.page.text).not.toMatch(/secret|invalid_client/i);
    expect(lastRefusal()).toMatchObject({
      reason: 'wrong_client',
      detail: expect.stringMatching(/invalid_client: The client credentials are invalid.*MOODLE_OAUTH_CLIENT_SECRET/),
    });
  });

  it('a forged code', async () => {
    const browser = await signIn(campus, 'student1');
    const callback = await beginUntil(campus, browser, '/callback/moodle');
    callback.searchParams.set('code', 'f'.repeat(40));
    await browser.get(callback);
    expect(browser.page.status).toBe(502);
    expect(lastRefusal()).toMatchObject({ reason: 'bad_code', detail: expect.stringContaining('invalid_grant') });
  });

  it('an account that was deleted between code and user_info', async () => {
    const browser = await signIn(campus, 'student3');
    const callback = await beginUntil(campus, browser, '/callback/moodle');
    await browser.get(callback, { follow: false });
    const finish = await followUntil(browser, (url) => url.pathname.endsWith('/finish'));
    const { site } = campus.moodle;
    deleteUser(site, userByUsername(site, 'student3').id, Math.floor(Date.now() / 1000));
    await browser.get(finish);
    expect(browser.page.status).toBe(502);
    expect(lastRefusal()).toMatchObject({
      reason: 'doubtful_account',
      detail: expect.stringContaining('deleted_account'),
    });
    const row = await campus.database.db
      .selectFrom('person')
      .select(['moodle_username', 'hub_username'])
      .where('hub_username', '=', 'student3')
      .executeTakeFirst();
    expect(row).toEqual({ moodle_username: 'student3', hub_username: 'student3' });
  });

  it('tokens and codes stay out of the log', () => {
    const { tokens } = campus.moodle.oauth;
    expect(tokens.size).toBeGreaterThan(0);
    const text = JSON.stringify(campus.log);
    for (const token of tokens.keys()) expect(text).not.toContain(token);
  });
});

describe('a Moodle that is away', () => {
  it.each<[string, (faults: MoodleFaults) => void, RegExp]>([
    ['in maintenance', (faults) => Object.assign(faults, { maintenance: true }), /status 503.*under maintenance/],
    ['cut off', (faults) => faults.fail({ match: {}, answer: 'reset' }), /does not answer \(TypeError/],
  ])('%s: the page says so, nobody is sent there, and later it goes on', async (_name, breakIt, detail) => {
    const campus = await startCampus();
    breakIt(campus.moodle.faults);
    const browser = createBrowser();
    await browser.get(`${campus.hub.url}/hub/oauth_login`);
    expect([browser.page.status, browser.page.text]).toEqual([
      502,
      expect.stringContaining('Moodle cannot be reached'),
    ]);
    expect(browser.page.text).toContain(`href="${campus.hub.url}/hub/oauth_login"`);
    expect(browser.history.map((entry) => new URL(entry.url).origin)).not.toContain(campus.moodle.wwwroot);
    expect(campus.log.findLast((line) => line['outcome'] === 'upstream_error')).toMatchObject({
      reason: 'unreachable',
      detail: expect.stringMatching(detail),
    });
    expect(await campus.metric('coursehub_upstream_up')).toBe(0);
    campus.moodle.faults.clear();
    expect((await signIn(campus, 'student1', browser)).page.text).toContain('hub of student1');
    expect(await campus.metric('coursehub_upstream_up')).toBe(1);
    await campus.stop();
  });
});

describe('the start', () => {
  it('refuses a wrong client secret, and says which variable and what Moodle answered', async () => {
    await expect(startCampus({ environment: { MOODLE_OAUTH_CLIENT_SECRET: 'wrong' } })).rejects.toThrow(
      /MOODLE_OAUTH_CLIENT_SECRET or moodle\.localOauth\.clientId \("coursehub"\) is wrong.*Moodle answered status 400.*The client credentials are invalid/s,
    );
  });

  it('refuses a wrong client id', async () => {
    await expect(
      startCampus({ config: (text) => text.replace('clientId: coursehub', 'clientId: nobody') }),
    ).rejects.toThrow(/clientId \("nobody"\) is wrong/);
  });

  it("refuses another name of Moodle's address: its Host rule redirects", async () => {
    await expect(
      startCampus({ config: (text) => text.replace('wwwroot: http://127.0.0.1', 'wwwroot: http://localhost') }),
    ).rejects.toThrow(/\(http:\/\/localhost:\d+\) is not Moodle's own address.*status 303.*127\.0\.0\.1/s);
  });

  it.each<[string, (app: express.Express) => void, RegExp]>([
    [
      'a redirect elsewhere',
      (app) => app.use((_req, res) => res.redirect(303, 'https://moodle.example/x')),
      /must be exactly \$CFG->wwwroot/,
    ],
    [
      'no plugin',
      (app) => app.use((_req, res) => void res.status(404).send('<title>Not found</title>')),
      /install the plugin/,
    ],
    [
      'a web page',
      (app) => app.use((_req, res) => void res.send('<title>Welcome</title>')),
      /does not look like a Moodle.*a page titled "Welcome"/,
    ],
  ])('refuses %s', async (_name, serve, sentence) => {
    const app = express();
    serve(app);
    const other = await listen(app);
    await expect(
      startCampus({ config: (text) => text.replace(/wwwroot: \S+/, `wwwroot: ${other.url}`) }),
    ).rejects.toThrow(sentence);
    await other.stop();
  });

  it('goes on with a warning when Moodle is not there: the bridge must not depend on it', async () => {
    const port = await freePort();
    const campus = await startCampus({
      config: (text) => text.replace(/wwwroot: \S+/, `wwwroot: http://127.0.0.1:${port}`),
    });
    expect(campus.log).toContainEqual(
      expect.objectContaining({ level: 'warn', msg: expect.stringContaining('Moodle cannot be reached') }),
    );
    expect(await campus.metric('coursehub_upstream_up')).toBe(0);
    const [bridge] = campus.bridges;
    expect((await fetch(`http://127.0.0.1:${bridge?.ports.ops}/readyz`)).status).toBe(200);
    await campus.stop();
  });

  it('goes on while Moodle is in maintenance', async () => {
    const campus = await startCampus({ withoutBridge: true });
    campus.moodle.faults.maintenance = true;
    await campus.startBridge();
    expect(await campus.metric('coursehub_upstream_up')).toBe(0);
    campus.moodle.faults.maintenance = false;
    await campus.startBridge();
    expect(await campus.metric('coursehub_upstream_up')).toBe(1);
    await campus.stop();
  });
});
