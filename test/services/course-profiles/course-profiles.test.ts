// The internal API of course-profiles on a real PostgreSQL: form, check, admission, end, and who may call it.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCourseProfiles } from '../../../services/course-profiles/create-course-profiles.ts';
import { seedRoster } from '../../support/seed-roster.ts';
import { startTestServices, type TestServices } from '../../support/start-test-services.ts';
import { testConfigText } from '../../support/test-config.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

let database: TestDatabase;
let services: TestServices;
let gpu: string;
let cpu: string;

const LIMITED = testConfigText()
  .replace('resource: nvidia.com/gpu }', 'resource: nvidia.com/gpu, capacity: 3 }')
  .replace(
    "{ id: cpu, course: { shortname: 'D*' }, profile: cpu }",
    "{ id: cpu, course: { shortname: 'D*' }, profile: cpu, maxSessionsPerCourse: 2 }",
  );

beforeAll(async () => {
  database = await createTestDatabase();
  // As a cautious administrator may have set it: the limits must hold all the same.
  const name = new URL(database.url).pathname.slice(1);
  await sql`alter database ${sql.id(name)} set default_transaction_isolation = 'repeatable read'`.execute(database.db);
  services = await startTestServices({
    name: 'course-profiles',
    services: ['course-profiles'],
    create: (environment) => [createCourseProfiles(environment)],
    configText: LIMITED,
    databaseUrl: database.url,
  });
  const roster = await seedRoster(database.db);
  const deep = await roster.course('DL202', { fullname: 'Deep <i>Learning</i> & "AI"' });
  const science = await roster.course('DS101');
  gpu = `${deep}-gpu`;
  cpu = `${science}-cpu`;
  for (const name of ['student1', 'student2', 'student3', 'student4', 'student5']) {
    const person = await roster.person({ hubUsername: name });
    await roster.enrol(person, deep);
    await roster.enrol(person, science);
  }
  await roster.enrol(await roster.person({ hubUsername: 'other' }), science);
  await roster.enrol(await roster.person({ hubUsername: 'inactive', fullName: '<script>alert(1)</script>' }), deep, {
    active: false,
  });
});
afterAll(async () => {
  await services?.stop();
  await database?.drop();
});
beforeEach(async () => {
  await database.db.deleteFrom('session').execute();
});

const call = async (
  path: string,
  body: unknown,
  token = 'internal-token-hub',
): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await fetch(services.internalUrl + path, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const form = async (user: string): Promise<string> => {
  const response = await fetch(`${services.internalUrl}/form?user=${encodeURIComponent(user)}&server=`, {
    headers: { Authorization: 'Bearer internal-token-hub' },
  });
  expect(response.status).toBe(200);
  return response.text();
};
const admission = (user: string, courseProfile: string, change: object = {}): object => ({
  request_id: randomUUID(),
  user,
  server: '',
  course_profile: courseProfile,
  placement: { namespace: 'local', pod: `${user}--` },
  ...change,
});

describe('the form', () => {
  it('shows exactly the profiles of the person’s courses, and who is signed in', async () => {
    const html = await form('student1');
    const offered = [...html.matchAll(/name="course_profile" value="([^"]+)"/g)].map((match) => match[1]);
    expect(offered).toHaveLength(3);
    expect(offered).toEqual(expect.arrayContaining([gpu, cpu]));
    expect(html).toContain('student1 Test');
    expect(html).toContain('/hub/logout');
    expect([...(await form('other')).matchAll(/value="([^"]+)"/g)].map((match) => match[1])).toEqual([cpu]);
  });

  it('escapes what comes from Moodle', async () => {
    expect(await form('student1')).toContain('Deep &lt;i&gt;Learning&lt;/i&gt; &amp; &quot;AI&quot;');
    expect(await form('inactive')).not.toContain('<script>alert');
  });

  it('offers nothing for an inactive enrolment and says why', async () => {
    const html = await form('inactive');
    expect(html).not.toContain('type="radio"');
    expect(html).toContain('is not active');
    // The mark that hides the page's Start button.
    expect(html).toContain('ch-nothing"');
    expect(await form('student1')).not.toContain('ch-nothing"');
  });

  it('tells somebody unknown what to do', async () => {
    expect(await form("o'nobody")).toContain('None of your courses gives you a server now');
  });

  it('says why the last session ended, once it did not end by the person', async () => {
    await call('/admissions', admission('student1', gpu));
    await database.db.updateTable('session').set({ ended_at: new Date(), end_reason: 'gpu_idle' }).execute();
    expect(await form('student1')).toContain('its GPU was idle for 30 min');
    await database.db.updateTable('session').set({ end_reason: 'server_stopped' }).execute();
    expect(await form('student1')).not.toContain('Your last session');
  });

  it('greys out what is taken, with the reason', async () => {
    await call('/admissions', admission('student2', cpu));
    await call('/admissions', admission('student3', cpu));
    expect(await form('student1')).toMatch(new RegExp(`value="${cpu}" disabled`));
  });
});

describe('an admission', () => {
  it('gives settings and writes the session', async () => {
    const { status, body } = await call('/admissions', admission('student1', gpu));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      decision: 'admit',
      settings: {
        image: 'registry.test/pytorch:1',
        cpu_limit: 4,
        mem_limit: '8G',
        extra_resource_limits: { 'nvidia.com/gpu': '1' },
        extra_pod_config: { activeDeadlineSeconds: 16_800 },
      },
    });
    const [session] = await database.db.selectFrom('session').selectAll().execute();
    expect(session).toMatchObject({
      id: body['session_id'],
      gpu_count: 1,
      pool: 'gpu',
      pod: 'student1--',
      ended_at: null,
      started_at: null,
    });
  });

  it('is the same one when the request is repeated', async () => {
    const request = admission('student1', gpu);
    const answers = await Promise.all([
      call('/admissions', request),
      call('/admissions', request),
      call('/admissions', request),
    ]);
    expect(new Set(answers.map(({ body }) => body['session_id'])).size).toBe(1);
    expect(await database.db.selectFrom('session').selectAll().execute()).toHaveLength(1);
  });

  it('refuses a request id of another start', async () => {
    const request = admission('student1', gpu);
    await call('/admissions', request);
    expect(await call('/admissions', { ...request, user: 'student2' })).toMatchObject({ status: 409 });
  });

  it('closes what ran before under the same name', async () => {
    const first = await call('/admissions', admission('student1', gpu));
    const second = await call('/admissions', admission('student1', cpu));
    expect(second.body['decision']).toBe('admit');
    const rows = await database.db.selectFrom('session').select(['id', 'end_reason']).orderBy('admitted_at').execute();
    expect(rows).toEqual([
      { id: first.body['session_id'], end_reason: 'replaced' },
      { id: second.body['session_id'], end_reason: null },
    ]);
  });

  it('never overruns a limit when everybody starts at once', async () => {
    const names = ['student1', 'student2', 'student3', 'student4', 'student5'];
    const gpuAnswers = await Promise.all(names.map((name) => call('/admissions', admission(name, gpu))));
    expect(gpuAnswers.map(({ body }) => body['reason']).sort()).toEqual([
      'admitted',
      'admitted',
      'admitted',
      'pool_full',
      'pool_full',
    ]);
    await database.db.deleteFrom('session').execute();
    const cpuAnswers = await Promise.all(names.map((name) => call('/admissions', admission(name, cpu))));
    expect(cpuAnswers.map(({ body }) => body['reason']).sort()).toEqual([
      'admitted',
      'admitted',
      'course_limit',
      'course_limit',
      'course_limit',
    ]);
  });

  it('counts a named server of the same person', async () => {
    await call('/admissions', admission('student1', gpu));
    const { body } = await call('/admissions', admission('student1', gpu, { server: 'second' }));
    expect(body).toMatchObject({ decision: 'deny', reason: 'person_limit' });
  });

  it.each([
    ['a foreign course', 'other', () => gpu, 'not offered'],
    ['an inactive enrolment', 'inactive', () => gpu, 'is not active'],
    ['nothing chosen', 'student1', () => '', 'No course profile was chosen'],
    ['somebody unknown', 'stranger', () => gpu, 'not known from Moodle'],
  ])('denies %s, writing nothing', async (_what, user, courseProfile) => {
    const { status, body } = await call('/admissions', admission(user, courseProfile()));
    expect([status, body['decision']]).toEqual([200, 'deny']);
    expect(await database.db.selectFrom('session').selectAll().execute()).toEqual([]);
    expect(await call('/checks', { user, server: '', course_profile: courseProfile() })).toMatchObject({
      status: 200,
      body: { decision: 'deny', reason: body['reason'], message: body['message'] },
    });
  });
});

describe('the end of a session', () => {
  it('is recorded once, with the reason of a stop that the culler had begun', async () => {
    const { body } = await call('/admissions', admission('student1', gpu));
    await database.db.updateTable('session').set({ stop_reason: 'gpu_idle', started_at: new Date() }).execute();
    const end = { user: 'student1', server: '', session_id: body['session_id'] };
    expect((await call('/sessions/end', end)).body).toEqual({ ended: true });
    expect((await call('/sessions/end', end)).body).toEqual({ ended: false });
    expect(await database.db.selectFrom('session').select('end_reason').execute()).toEqual([
      { end_reason: 'gpu_idle' },
    ]);
  });

  it('never ends a later run of the same server', async () => {
    const first = await call('/admissions', admission('student1', gpu));
    await call('/admissions', admission('student1', gpu));
    expect(
      (await call('/sessions/end', { user: 'student1', server: '', session_id: first.body['session_id'] })).body,
    ).toEqual({ ended: false });
    expect(await database.db.selectFrom('session').selectAll().where('ended_at', 'is', null).execute()).toHaveLength(1);
  });
});

describe('bad callers and bad input', () => {
  it('refuses a wrong token and one that lacks the operation, with a sentence', async () => {
    const request = admission('student1', gpu);
    expect(await call('/admissions', request, 'wrong')).toMatchObject({ status: 401, body: { code: 'unknown_token' } });
    expect(await call('/admissions', request, 'internal-token-bridge')).toMatchObject({
      status: 403,
      body: { code: 'operation_not_allowed' },
    });
    expect(await database.db.selectFrom('session').selectAll().execute()).toEqual([]);
  });

  it.each([
    ['half JSON', '{"user":'],
    ['an array for a name', JSON.stringify({ user: ['student1'], server: '', course_profile: 'x' })],
    ['an unknown key', JSON.stringify({ user: 'student1', server: '', course_profile: 'x', admin: true })],
    ['a field of 1 MB', JSON.stringify({ user: 'student1', server: '', course_profile: 'x'.repeat(1_000_000) })],
    ['a name that is too long', JSON.stringify({ user: 'x'.repeat(300), server: '', course_profile: 'x' })],
  ])('answers 4xx to %s', async (_what, body) => {
    const answer = await call('/checks', body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body['detail']).toMatch(/\.$/);
  });

  it('keeps tokens and names out of the metrics and counts every decision', async () => {
    await call('/admissions', admission('student1', gpu));
    const metrics = await (await fetch(`${services.opsUrl}/metrics`)).text();
    expect(metrics).toMatch(
      /coursehub_admission_decisions_total\{stage="admission",decision="admit",reason="admitted"\} [1-9]/,
    );
    expect(metrics).not.toContain('student1');
    expect(JSON.stringify(services.log)).not.toContain('internal-token');
  });
});
