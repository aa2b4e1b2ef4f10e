// (3) People without the course are refused on every way in, each time with a sentence; inactive people get nothing; names that are not safe.
import type { Campus } from '../campus.ts';
import { createHubPerson } from './hub-person.ts';
import { expectEqual, expectText, type Report } from './report.ts';
import type { GpuStudent } from './sign-in-and-start.ts';

const SENTENCE = 'None of your courses offers the course profile that was asked for';

export async function checkRefusals(campus: Campus, report: Report, { gpu }: GpuStudent): Promise<void> {
  const other = createHubPerson(campus.addresses, 'student2');
  await report.step('student2, without a GPU course, is not offered one', async () => {
    await other.signIn();
    await other.openForm();
    expectEqual(
      'rules of the offered course profiles',
      ['cpu'],
      other.choices().map((id) => id.replace(/^\d+-/, '')),
    );
  });
  await report.step('a crafted form post is refused on the form', async () => {
    await other.openForm();
    const page = await other.submitForm(gpu);
    expectText('the page', page.text, SENTENCE);
    expectText('the form is shown again', page.text, 'name="course_profile"');
  });
  await report.step('a start by REST is refused, and says why', async () => {
    const answer = await other.startByRest({ course_profile: gpu });
    expectText(
      'the answer or the progress',
      answer.status === 202 ? await other.progressMessage() : answer.text,
      SENTENCE,
    );
    expectEqual('server', null, await other.server());
  });
  await report.step('a spawn URL is refused, and says why', async () => {
    const page = await other.browser.get(`${campus.addresses.hub}/hub/spawn/${other.name()}?course_profile=${gpu}`);
    expectText('the page', page.text, SENTENCE);
    expectEqual('server', null, await other.server());
  });
  await report.step('a start by REST without a choice says how to choose', async () => {
    const answer = await other.startByRest({});
    expectText(
      'the answer or the progress',
      answer.status === 202 ? await other.progressMessage() : answer.text,
      /No course profile was chosen|None of your courses/,
    );
  });
  await report.step('a suspended account is refused by Moodle itself', async () => {
    const suspended = createHubPerson(campus.addresses, 'suspended1');
    const page = await suspended.signIn();
    expectEqual('host of the last page', new URL(campus.addresses.moodle).host, page.url.host);
    expectText('the page', page.text, 'Invalid login');
  });
  for (const login of ['susenrol1', 'future1']) {
    await report.step(`${login}, whose enrolment is not active, signs in and gets nothing`, async () => {
      const person = createHubPerson(campus.addresses, login);
      await person.signIn();
      const page = await person.openForm();
      expectEqual('hub username', login, person.name());
      expectEqual('choices', [], person.choices());
      expectText('the form', page.text, 'is not active');
    });
  }
  for (const [login, name] of [
    ["o'brien", /^o-?brien-[a-z0-9]{6,10}$/],
    ['学生', /^[a-z]+-[a-z0-9]{6,10}$/],
  ] as const) {
    await report.step(`${login} gets a hub username that is safe everywhere`, async () => {
      const person = createHubPerson(campus.addresses, login);
      await person.signIn();
      expectText('hub username', person.name(), name, (text) => text);
      await person.openForm();
      expectEqual('number of choices', 2, person.choices().length);
    });
  }
  await report.step('the operator is an admin of the hub, a student is not', async () => {
    const operator = createHubPerson(campus.addresses, 'gpuadmin');
    await operator.signIn();
    expectEqual('status of /hub/admin', 200, (await operator.browser.get(`${campus.addresses.hub}/hub/admin`)).status);
    expectEqual(
      'status of /hub/admin for student2',
      403,
      (await other.browser.get(`${campus.addresses.hub}/hub/admin`)).status,
    );
  });
}
