// Signing in at a hub through the bridge and the simulated Moodle, over HTTP, with the real openid-client as the hub.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { userByUsername } from '../../simulators/moodle/model.ts';
import { addUser, renameUser } from '../../simulators/moodle/site-changes.ts';
import { createBrowser } from '../../support/browser.ts';
import { type Campus, passMoodle, signIn, startCampus } from './campus.ts';

let campus: Campus;
beforeAll(async () => {
  campus = await startCampus({
    config: (text) => text.replace('scopes: [profile]', 'scopes: [profile, email]'),
    prepare: (site) => {
      addUser(site, { username: 'taken', firstName: 'First', lastName: 'Comer', email: 'first@uni.test' });
      addUser(site, { username: 'renamed', firstName: 'Re', lastName: 'Named', email: 're@uni.test' });
    },
  });
});
afterAll(() => campus?.stop());

const lastClaims = (): Record<string, unknown> => campus.hub.signins.at(-1)?.claims ?? {};
const hubNameOf = async (username: string): Promise<unknown> => {
  await signIn(campus, username);
  return lastClaims()['preferred_username'];
};

describe('a sign-in', () => {
  it('goes from the hub through Moodle and back, with the claims that were asked for', async () => {
    const browser = await signIn(campus, 'student1');
    expect(browser.page.text).toContain('hub of student1');
    expect(lastClaims()).toEqual({ sub: expect.any(String), preferred_username: 'student1', coursehub_admin: false });
    expect(await campus.metric('coursehub_signin_total{outcome="signed_in"}')).toBe(1);
    expect(campus.log).toContainEqual(
      expect.objectContaining({
        msg: 'sign-in',
        outcome: 'signed_in',
        hub_username: 'student1',
        client_id: 'jupyterhub',
      }),
    );
  });

  it('works when Moodle knows the person already, and asks Moodle each time', async () => {
    const browser = await signIn(campus, 'student3');
    const asked = () => campus.moodle.calls.filter((call) => call.path === '/local/oauth/user_info.php').length;
    const before = asked();
    await browser.get(`${campus.hub.url}/hub/oauth_login`);
    expect(browser.page.text).toContain('hub of student3');
    expect(asked()).toBe(before + 1);
  });

  it('gives a client only the scopes of its configuration', async () => {
    campus.hub.scope.value = 'openid profile email groups';
    await signIn(campus, 'student1');
    campus.hub.scope.value = 'openid profile';
    expect(Object.keys(lastClaims()).sort()).toEqual([
      'coursehub_admin',
      'email',
      'email_verified',
      'name',
      'preferred_username',
      'sub',
    ]);
    expect(campus.hub.signins.at(-1)?.tokens.scope).toBe('openid profile email');
  });

  it('puts nothing about the person into the id token but who it is', async () => {
    await signIn(campus, 'student1');
    expect(Object.keys(campus.hub.signins.at(-1)?.idToken ?? {}).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'sub']);
  });

  it('names operators by Moodle id', async () => {
    await signIn(campus, 'gpuadmin');
    expect(lastClaims()).toMatchObject({ preferred_username: 'gpuadmin', coursehub_admin: true });
    const admin = userByUsername(campus.moodle.site, 'gpuadmin');
    renameUser(campus.moodle.site, admin.id, 'gpu-boss');
    const thief = addUser(campus.moodle.site, {
      username: 'gpuadmin',
      firstName: 'T',
      lastName: 'H',
      email: 't@uni.test',
    });
    expect(thief.id).not.toBe(admin.id);
    await signIn(campus, 'gpuadmin');
    expect(lastClaims()['coursehub_admin']).toBe(false);
    expect(lastClaims()['preferred_username']).toMatch(/^gpuadmin-[0-9a-f]{6}$/);
    await signIn(campus, 'gpu-boss');
    expect(lastClaims()).toMatchObject({ preferred_username: 'gpuadmin', coursehub_admin: true });
  });
});

describe('hub usernames', () => {
  it.each([
    ["o'brien", /^o-brien-[0-9a-f]{6}$/],
    ['学生', /^user-[0-9a-f]{6}$/],
    ['jürgen.müller', /^jurgen-muller-[0-9a-f]{6}$/],
    ['anna@uni.test', /^anna-uni-test-[0-9a-f]{6}$/],
    ['anna', /^anna$/],
    ['ann', /^ann$/],
    // Reserved by default.
    ['admin', /^admin-[0-9a-f]{6}$/],
  ])('%s', async (username, expected) => {
    const user = userByUsername(campus.moodle.site, username);
    user.password = 'demo';
    expect(await hubNameOf(username)).toMatch(expected);
    expect(await hubNameOf(username)).toMatch(expected);
  });

  it('stay with their person when the Moodle username changes or goes to somebody else', async () => {
    const { site } = campus.moodle;
    expect(await hubNameOf('renamed')).toBe('renamed');
    renameUser(site, userByUsername(site, 'renamed').id, 'married');
    expect(await hubNameOf('married')).toBe('renamed');
    addUser(site, { username: 'renamed', firstName: 'New', lastName: 'Comer', email: 'new@uni.test' });
    expect(await hubNameOf('renamed')).toMatch(/^renamed-[0-9a-f]{6}$/);
  });

  it('are unique without regard to case, and a name that somebody took on purpose does not shut its owner out', async () => {
    const { db } = campus.database;
    const person = await db.selectFrom('person').selectAll().executeTakeFirstOrThrow();
    const base = {
      lang: 'en',
      suspended: false,
      deleted: false,
      platform_id: person.platform_id,
      full_name: 'X',
      email: 'x@uni.test',
      observed_at: new Date(0),
    };
    await db
      .insertInto('person')
      .values({ ...base, moodle_id: '900001', moodle_username: 'TAKEN', hub_username: 'TAKEN' })
      .execute();
    expect(await hubNameOf('taken')).toMatch(/^taken-[0-9a-f]{6}$/);
    await expect(
      db
        .insertInto('person')
        .values({ ...base, moodle_id: '900002', moodle_username: 'x', hub_username: 'STUDENT1' })
        .execute(),
    ).rejects.toThrow(/unique/);
  });

  it('are given once when the same new person signs in from several browsers at once', async () => {
    addUser(campus.moodle.site, { username: 'busy.bee', firstName: 'B', lastName: 'B', email: 'b@uni.test' });
    const browsers = await Promise.all(Array.from({ length: 5 }, () => signIn(campus, 'busy.bee')));
    const names = new Set(browsers.map((browser) => /hub of (\S+)</.exec(browser.page.text)?.[1]));
    expect([...names]).toEqual([expect.stringMatching(/^busy-bee-[0-9a-f]{6}$/)]);
  });
});

describe('a person who is known', () => {
  it('keeps the newer facts when an older answer arrives late', async () => {
    const { db } = campus.database;
    await signIn(campus, 'student4');
    await db
      .updateTable('person')
      .set({ full_name: 'From The Future', observed_at: new Date(Date.now() + 3_600_000) })
      .where('moodle_username', '=', 'student4')
      .execute();
    await signIn(campus, 'student4');
    const row = await db
      .selectFrom('person')
      .selectAll()
      .where('moodle_username', '=', 'student4')
      .executeTakeFirstOrThrow();
    expect(row.full_name).toBe('From The Future');
    expect(row.last_signed_in_at).not.toBeNull();
  });

  it('is refused when suspended or deleted, and the tokens of before end', async () => {
    const { db } = campus.database;
    await signIn(campus, 'student5');
    const { tokens } = campus.hub.signins.at(-1) ?? {};
    await db.updateTable('person').set({ suspended: true }).where('moodle_username', '=', 'student5').execute();
    const browser = await signIn(campus, 'student5');
    expect([browser.page.status, browser.page.text]).toEqual([403, expect.stringContaining('suspended')]);
    const me = await fetch(`http://127.0.0.1:${new URL(campus.bridgeUrl).port}/me`, {
      headers: { authorization: `Bearer ${tokens?.access_token}` },
    });
    expect(me.status).toBe(401);
    await db.updateTable('person').set({ suspended: false }).where('moodle_username', '=', 'student5').execute();
  });

  it('is refused by Moodle itself while suspended there', async () => {
    const browser = await signIn(campus, 'suspended1');
    expect(browser.page.text).toContain('Invalid login');
  });
});

describe('a person who does not agree', () => {
  it('reads so, may begin again, and can agree then', async () => {
    const browser = createBrowser();
    await browser.get(`${campus.hub.url}/hub/oauth_login`);
    await browser.submit({ username: 'student2', password: 'demo' }, 'loginbtn');
    await browser.submit({ cancel: 'Cancel' }, '_qf__local_oauth');
    expect(browser.page.status).toBe(403);
    expect(browser.page.text).toContain('You did not agree');
    expect(browser.page.text).toContain(`href="${campus.hub.url}/hub/oauth_login"`);
    expect(await campus.metric('coursehub_signin_total{outcome="upstream_denied"}')).toBe(1);
    await browser.get(`${campus.hub.url}/hub/oauth_login`);
    await passMoodle(browser, 'student2');
    expect(browser.page.text).toContain('hub of student2');
  });
});
