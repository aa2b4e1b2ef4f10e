// The campus of the demo and the faults, as the other tests use them.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { campusSite } from './campus-site.ts';
import { createBrowser, formField, signIn } from './conformance/browser.ts';
import { RECORDED_WWWROOT } from './conformance/compare.ts';
import { courseByShortname, userByUsername } from './model.ts';
import { type MoodleSimulator, startMoodleSimulator } from './server.ts';
import { addToGroup, deleteUser, renameUser, setEnrolmentDates, setEnrolmentStatus, unenrol } from './site-changes.ts';

const REDIRECT = 'http://127.0.0.1:9/callback';
let simulator: MoodleSimulator;

beforeEach(async () => {
  const site = campusSite({ oauthClientSecret: 'secret', oauthRedirectUri: REDIRECT, webServiceToken: 'token' });
  simulator = await startMoodleSimulator({ site });
});
afterEach(() => simulator.stop());

async function post(wsfunction: string, parameters: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${simulator.wwwroot}/webservice/rest/server.php`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ wstoken: 'token', wsfunction, moodlewsrestformat: 'json', ...parameters }),
  });
}

type Person = { id: number; username: string; groups?: { name: string }[] };

async function roster(shortname: string, option?: string): Promise<string[]> {
  const courseid = String(courseByShortname(simulator.site, shortname).id);
  const options = option === undefined ? {} : { 'options[0][name]': option, 'options[0][value]': '1' };
  const answer = await post('core_enrol_get_enrolled_users', { courseid, ...options });
  return ((await answer.json()) as Person[]).map((person) => person.username);
}

describe('campusSite', () => {
  it('has the people of the demo in the courses of the demo', async () => {
    expect(await roster('DS101', 'onlyactive')).toContain('student2');
    const active = await roster('DL202', 'onlyactive');
    expect(active).not.toContain('student2');
    for (const username of ['student1', 'teacher1', 'ta1', "o'brien", '学生', 'anna', 'ann', 'suspended1'])
      expect(active).toContain(username);
    expect(await roster('DL202', 'onlysuspended')).toEqual(['susenrol1', 'expired1', 'future1']);
    expect(await roster('HID303')).toEqual(['student1', 'teacher1']);
  });

  it('gives course names raw or formatted', async () => {
    const names = async (raw: string) =>
      (
        (await (await post('core_course_get_courses', { moodlewssettingraw: raw })).json()) as { fullname: string }[]
      ).map((course) => course.fullname);
    expect(await names('1')).toContain('Deep Learning & "AI" <i>');
    expect(await names('0')).toContain('Deep Learning &amp; "AI" ');
  });

  it('signs a person in from login page to user_info', async () => {
    const browser = createBrowser(simulator);
    browser.cookie = 'MoodleSession=none';
    const query = new URLSearchParams({
      client_id: 'coursehub',
      response_type: 'code',
      scope: 'user_info',
      state: 's',
    });
    await browser.send({ method: 'GET', url: `${RECORDED_WWWROOT}/local/oauth/login.php?${query}` });
    const back = await signIn(browser, 'student1', 'demo');
    const url = back.location ?? '';
    const consent = await browser.send({ method: 'GET', url });
    const form = {
      sesskey: formField(consent.body, 'sesskey'),
      _qf__local_oauth_authorize_form: 1,
      submitbutton: 'Confirm',
    };
    const done = await browser.send({ method: 'POST', url, form });
    expect(done.location).toMatch(/^http:\/\/127\.0\.0\.1:9\/callback\?code=[0-9a-f]{40}&state=s$/);
  });

  it('refuses a suspended account, a wrong password and a foreign login token alike', async () => {
    for (const [username, password] of [
      ['suspended1', 'demo'],
      ['student1', 'wrong'],
    ] as const) {
      const page = await signIn(createBrowser(simulator), username, password);
      expect(page.body).toContain('Invalid login, please try again');
    }
  });

  it('shows changes at once', async () => {
    const { site } = simulator;
    const course = courseByShortname(site, 'DL202').id;
    const id = (username: string) => userByUsername(site, username).id;
    setEnrolmentStatus(site, id('susenrol1'), course, 'active');
    setEnrolmentDates(site, id('expired1'), course, { startsAt: 0, endsAt: 0 });
    unenrol(site, id('student3'), course);
    renameUser(site, id('ann'), 'ann2');
    deleteUser(site, id('anna'), 1795492095);
    addToGroup(site, 2, id('ta1'));
    const now = await roster('DL202', 'onlyactive');
    expect(now).toEqual(expect.arrayContaining(['susenrol1', 'expired1', 'ann2']));
    for (const gone of ['student3', 'ann', 'anna']) expect(now).not.toContain(gone);
    const members = await (await post('core_group_get_group_members', { 'groupids[0]': '2' })).json();
    expect((members as { userids: number[] }[])[0]?.userids).toContain(id('ta1'));
  });
});

describe('faults', () => {
  const answerOf = async () => {
    const answer = await post('core_webservice_get_site_info');
    return [answer.status, answer.headers.get('content-type'), await answer.text()] as const;
  };

  it('answers by the first rule that matches, as often as it says', async () => {
    simulator.faults.fail({ match: { wsfunction: 'core_webservice_get_site_info' }, times: 1, answer: 'half-json' });
    simulator.faults.fail({ match: { path: '/webservice/rest/server.php' }, times: 1, answer: 'empty-list' });
    expect((await answerOf())[2]).toBe('[{"id":3,"username":"stud');
    expect((await answerOf())[2]).toBe('[]');
    expect((await answerOf())[2]).toContain('"sitename":"Demo Campus"');
  });

  it.each([
    ['html', 200],
    ['redirect', 303],
    ['503', 503],
  ] as const)('%s', async (answer, status) => {
    const takeBack = simulator.faults.fail({ match: {}, answer });
    expect((await answerOf()).slice(0, 2)).toEqual([status, 'text/html; charset=utf-8']);
    takeBack();
    expect((await answerOf())[0]).toBe(200);
  });

  it('reset cuts the connection, hang never answers', async () => {
    simulator.faults.fail({ match: {}, times: 1, answer: 'reset' });
    await expect(answerOf()).rejects.toThrow();
    simulator.faults.fail({ match: {}, times: 1, answer: 'hang' });
    const url = `${simulator.wwwroot}/webservice/rest/server.php`;
    await expect(fetch(url, { signal: AbortSignal.timeout(50) })).rejects.toThrow();
  });

  it('writes down every call', async () => {
    await answerOf();
    expect(simulator.calls).toEqual([
      { method: 'POST', path: '/webservice/rest/server.php', wsfunction: 'core_webservice_get_site_info' },
    ]);
  });

  it('reads no more fields than PHP would', async () => {
    simulator.site.maxInputVars = 5;
    const values = Object.fromEntries(['3', '4', '5', '6'].map((id, index) => [`values[${index}]`, id]));
    const answer = await post('core_user_get_users_by_field', { field: 'id', ...values });
    expect(((await answer.json()) as Person[]).map((person) => person.id)).toEqual([3]);
  });
});
