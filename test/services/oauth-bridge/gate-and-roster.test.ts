// The gate and the refresh of one person's roster before it is judged.
import express from 'express';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLoginLink } from '../../../services/admin/login-link.ts';
import { createBrowser } from '../../support/browser.ts';
import { issueCode, redeem } from './authorization-request.ts';
import { type Campus, type Listening, listen, signIn, startCampus } from './campus.ts';

interface SyncStandIn extends Listening {
  answer: { status: number; body: unknown; delayMilliseconds: number };
  readonly asked: { path: string; authorization: string | undefined }[];
  /** Done before the answer: what a real moodle-sync would write. */
  effect: (personId: string) => Promise<void>;
}

async function startSync(): Promise<SyncStandIn> {
  const asked: SyncStandIn['asked'] = [];
  const app = express();
  app.post('/internal/v1/people/:id/sync', async (req, res) => {
    asked.push({ path: req.path, authorization: req.headers.authorization });
    await standIn.effect(req.params.id);
    setTimeout(() => res.status(standIn.answer.status).send(standIn.answer.body), standIn.answer.delayMilliseconds);
  });
  const standIn: SyncStandIn = {
    ...(await listen(app)),
    asked,
    answer: { status: 200, body: { outcome: 'fresh', suspended: false, deleted: false }, delayMilliseconds: 0 },
    effect: async () => undefined,
  };
  return standIn;
}

let sync: SyncStandIn;
let campus: Campus;
beforeAll(async () => {
  sync = await startSync();
  campus = await startCampus({
    config: (text) =>
      `${text.replace('bridge:\n', 'bridge:\n  gate: people-with-course-profile\n')}
sync: { signInTimeout: 1s }
internal: { moodleSyncUrl: '${sync.url}' }
`,
  });
});
afterAll(async () => {
  await campus?.stop();
  await sync?.stop();
});
beforeEach(() => {
  sync.answer = { status: 200, body: { outcome: 'fresh', suspended: false, deleted: false }, delayMilliseconds: 0 };
  sync.effect = async () => undefined;
});

/** What moodle-sync would store: the person in a course of this short name. */
async function enrolIn(
  personId: string,
  shortname: string,
  more: { role?: 'student' | 'instructor'; active?: boolean } = {},
) {
  const { db } = campus.database;
  const platform = await db.selectFrom('platform').select('id').executeTakeFirstOrThrow();
  const course = await db
    .insertInto('course')
    .values({
      platform_id: platform.id,
      moodle_id: shortname,
      shortname,
      fullname: shortname,
      idnumber: '',
      category_id: '1',
      visible: true,
      observed_at: new Date(),
    })
    .onConflict((conflict) => conflict.columns(['platform_id', 'moodle_id']).doUpdateSet({ fullname: shortname }))
    .returning('id')
    .executeTakeFirstOrThrow();
  const columns = { role: more.role ?? 'student', active: more.active ?? true, observed_at: new Date() };
  await db
    .insertInto('enrolment')
    .values({ course_id: course.id, person_id: personId, role_shortnames: [], ...columns })
    .onConflict((conflict) => conflict.columns(['course_id', 'person_id']).doUpdateSet(columns))
    .execute();
}

describe('the gate', () => {
  it('refuses people without a course profile, and says what would help', async () => {
    const browser = await signIn(campus, 'student2');
    expect([browser.page.status, browser.page.text]).toEqual([
      403,
      expect.stringContaining('None of your Moodle courses offers a notebook server'),
    ]);
    expect(browser.page.text).toContain('help@uni.test');
    expect(browser.page.text).toContain(`${campus.hub.url}/hub/oauth_login`);
    expect(campus.log).toContainEqual(
      expect.objectContaining({ outcome: 'refused_gate', reason: 'no_course_profile' }),
    );
    expect(await campus.metric('coursehub_signin_total{outcome="refused_gate"}')).toBe(1);
  });

  it('admits who has just been enrolled: their roster is read first', async () => {
    sync.effect = (personId) => enrolIn(personId, 'DS101');
    const browser = await signIn(campus, 'student2');
    expect(browser.page.text).toContain('hub of student2');
    expect(sync.asked.at(-1)).toEqual({
      path: expect.stringMatching(/^\/internal\/v1\/people\/\d+\/sync$/),
      authorization: 'Bearer internal-token-bridge',
    });
  });

  it('admits staff without a profile and operators, refuses former members', async () => {
    sync.effect = (personId) => enrolIn(personId, 'HID303', { role: 'instructor' });
    expect((await signIn(campus, 'teacher1')).page.text).toContain('hub of teacher1');
    sync.effect = async () => undefined;
    expect((await signIn(campus, 'gpuadmin')).page.text).toContain('hub of gpuadmin');
    sync.effect = (personId) => enrolIn(personId, 'DS101', { active: false });
    expect((await signIn(campus, 'expired1')).page.status).toBe(403);
  });
});

describe('who is refused', () => {
  it('does not pass the gate by a login link', async () => {
    expect((await signIn(campus, 'student5')).page.status).toBe(403);
    const link = await createLoginLink(campus.database.db, campus.bridgeUrl, 'student5');
    const browser = createBrowser();
    await browser.get(link);
    await browser.submit();
    expect([browser.page.status, browser.page.text]).toEqual([
      403,
      expect.stringContaining('None of your Moodle courses offers a notebook server'),
    ]);
  });

  it('gets nothing for a code or a token from before the suspension', async () => {
    sync.effect = (personId) => enrolIn(personId, 'DS101');
    await signIn(campus, 'student3');
    const port = Number(new URL(campus.bridgeUrl).port);
    const token = campus.hub.signins.at(-1)?.tokens.access_token ?? '';
    const me = () => fetch(`http://127.0.0.1:${port}/me`, { headers: { authorization: `Bearer ${token}` } });
    const code = await issueCode(campus, createBrowser(), 'student3');
    expect((await me()).status).toBe(200);
    await campus.database.db
      .updateTable('person')
      .set({ suspended: true })
      .where('hub_username', '=', 'student3')
      .execute();
    expect((await me()).status).toBe(401);
    expect((await redeem(campus, port, code)).status).toBe(400);
  });
});

describe('the last known roster counts', () => {
  it.each<[string, Partial<SyncStandIn['answer']>]>([
    ['when moodle-sync fails', { status: 500, body: 'boom' }],
    ['when it answers nonsense', { body: '<html>' }],
    ['when it is late', { delayMilliseconds: 2500 }],
    ['when it could not ask Moodle in time', { body: { outcome: 'stale', suspended: false } }],
  ])('%s', async (_name, answer) => {
    sync.effect = (personId) => enrolIn(personId, 'DS101');
    await signIn(campus, 'student1');
    sync.effect = async () => undefined;
    sync.answer = { ...sync.answer, ...answer };
    const begun = performance.now();
    const browser = await signIn(campus, 'student1');
    expect(browser.page.text).toContain('hub of student1');
    expect(performance.now() - begun).toBeLessThan(2400);
    expect(JSON.stringify(campus.log)).not.toContain('internal-token-bridge');
  });
});

it('who is suspended in Moodle is refused although the sign-in itself worked', async () => {
  sync.effect = (personId) => enrolIn(personId, 'DS101');
  sync.answer.body = { outcome: 'fresh', suspended: true, deleted: false };
  const browser = await signIn(campus, 'student4');
  expect([browser.page.status, browser.page.text]).toEqual([403, expect.stringContaining('suspended')]);
  expect(await campus.metric('coursehub_signin_total{outcome="refused_suspended"}')).toBe(1);
});
