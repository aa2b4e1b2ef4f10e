// (5) An enrolment ends in Moodle: the profile is gone after the next sync, the running server after the grace, however busy it is.
import { unenrol } from '../../test/simulators/moodle/site-changes.ts';
import { type Campus, moodleIdOf } from '../campus.ts';
import { expectEqual, expectText, type Report } from './report.ts';
import type { GpuStudent } from './sign-in-and-start.ts';

export async function checkEnrolmentEnds(campus: Campus, report: Report, { person, gpu }: GpuStudent): Promise<void> {
  await report.step('student1 is taken out of DL202 in Moodle, and the roster follows', async () => {
    expectEqual('server is ready', true, (await person.server())?.ready);
    const course = [...campus.moodle.site.courses.values()].find(({ shortname }) => shortname === 'DL202');
    unenrol(campus.moodle.site, moodleIdOf(campus.moodle.site, 'student1'), course?.id ?? 0);
    const answer = await internal(campus, campus.secrets.operatorToken, '/sync?wait=1', {});
    expectEqual('status of the sync', 200, answer.status);
  });
  await report.step('the course profile is refused at once', async () => {
    const answer = await internal(campus, campus.secrets.hubToken, '/checks', {
      user: 'student1',
      server: '',
      course_profile: gpu,
    });
    expectText('the decision', await answer.text(), '"decision":"deny"');
  });
  await report.step('the running server is stopped after the grace', () => person.serverGone(60));
  await report.step('the next form says why, and offers only the other course', async () => {
    const page = await person.openForm();
    expectEqual(
      'rules of the offered course profiles',
      ['cpu'],
      person.choices().map((id) => id.replace(/^\d+-/, '')),
    );
    expectText('the form', page.text, /your enrolment in the course.*ended in Moodle/);
  });
}

function internal(campus: Campus, token: string, path: string, body: object): Promise<Response> {
  return fetch(`http://127.0.0.1:${campus.addresses.ports.internal}/internal/v1${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}
