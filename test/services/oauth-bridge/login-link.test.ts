// Signing in by a link from the command line while Moodle is down.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLoginLink } from '../../../services/admin/login-link.ts';
import { createBrowser } from '../../support/browser.ts';
import { type Campus, signIn, startCampus } from './campus.ts';

let campus: Campus;
beforeAll(async () => {
  campus = await startCampus();
  await signIn(campus, 'student1');
  await signIn(campus, 'student2');
  campus.moodle.faults.maintenance = true;
});
afterAll(() => campus?.stop());
beforeEach(() => {
  campus.hub.logouts.count = 0;
});

const makeLink = (name: string) => createLoginLink(campus.database.db, campus.bridgeUrl, name);

describe('a login link', () => {
  it('asks first, then signs in without Moodle, once', async () => {
    const link = await makeLink('student1');
    const browser = createBrowser();
    // Opening it twice does no harm: a mail scanner was here first.
    await createBrowser().get(link);
    await browser.get(link);
    expect(browser.page.text).toContain('Sign in as Stella Student');
    const calls = campus.moodle.calls.length;
    await browser.submit();
    expect(browser.page.text).toContain('hub of student1');
    expect(campus.moodle.calls.length).toBe(calls);
    expect(await campus.metric('coursehub_signin_total{outcome="login_link"}')).toBe(1);
    const again = createBrowser();
    await again.get(link);
    expect([again.page.status, again.page.text]).toEqual([400, expect.stringContaining('does not work any more')]);
    const audit = await campus.database.db.selectFrom('audit').selectAll().execute();
    expect(audit).toContainEqual(
      expect.objectContaining({
        actor: 'command-line',
        action: 'login_link_made',
        subject: expect.stringMatching(/^person:\d+$/),
      }),
    );
  });

  it('takes the hop over the hub when somebody else was here last', async () => {
    const browser = createBrowser();
    for (const name of ['student1', 'student2']) {
      await browser.get(await makeLink(name));
      await browser.submit();
      expect(browser.page.text).toContain(`hub of ${name}`);
    }
    expect(campus.hub.logouts.count).toBe(1);
  });

  it('is worth nothing from the database: only its hash is there', async () => {
    const link = await makeLink('student1');
    const rows = await campus.database.db
      .selectFrom('signin_state')
      .select('key')
      .where('kind', '=', 'login_link')
      .execute();
    expect(rows.map((row) => row.key)).not.toContain(link.split('/').at(-1));
    const browser = createBrowser();
    for (const row of rows) expect((await browser.get(`${campus.bridgeUrl}/login-link/${row.key}`)).status).toBe(400);
  });

  it('is refused when it is too old', async () => {
    const link = await makeLink('student1');
    await campus.database.db
      .updateTable('signin_state')
      .set({ expires_at: new Date(Date.now() - 1000) })
      .where('kind', '=', 'login_link')
      .execute();
    expect((await createBrowser().get(link)).status).toBe(400);
    expect(
      (await createBrowser().post(link, {}, { headers: { origin: campus.bridgeUrl, 'sec-fetch-site': 'same-origin' } }))
        .status,
    ).toBe(400);
  });

  it.each([
    { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'http://hub.localhost', 'sec-fetch-site': 'same-site' },
    { origin: 'null', 'sec-fetch-site': '' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': '' },
  ])('is not used up by a form of another site: %j', async (headers) => {
    const link = await makeLink('student1');
    const attack = createBrowser();
    const answer = await attack.post(link, {}, { headers, follow: false });
    expect(answer.status).toBe(403);
    const browser = createBrowser();
    await browser.get(link);
    await browser.submit();
    expect(browser.page.text).toContain('hub of student1');
  });

  it('is not made for nobody, and refused to a suspended person', async () => {
    await expect(makeLink('nobody')).rejects.toThrow(/Nobody has the hub username "nobody"/);
    const link = await makeLink('student2');
    const suspend = (suspended: boolean) =>
      campus.database.db.updateTable('person').set({ suspended }).where('hub_username', '=', 'student2').execute();
    await suspend(true);
    expect((await createBrowser().get(link)).status).toBe(403);
    await expect(makeLink('student2')).rejects.toThrow(/suspended or deleted/);
    await suspend(false);
  });
});
