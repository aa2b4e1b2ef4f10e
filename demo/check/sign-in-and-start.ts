// (1) A student signs in through the bridge and Moodle and sees exactly their courses' profiles; (2) starts a GPU server and runs a cell.
import type { Campus } from '../campus.ts';
import { createHubPerson, type HubPerson } from './hub-person.ts';
import { expectEqual, expectText, type Report } from './report.ts';

/** The student with the running GPU server, for the steps that follow. */
export interface GpuStudent {
  readonly person: HubPerson;
  /** Course profile id of "1 GPU in DL202". */
  readonly gpu: string;
}

export async function checkSignInAndStart(campus: Campus, report: Report): Promise<GpuStudent> {
  const person = createHubPerson(campus.addresses, 'student1');
  await report.step('student1 signs in with Moodle: login page, consent page, back at the hub', async () => {
    await person.signIn();
    expectEqual('hub username', 'student1', person.name());
    const asked = person.browser.history.map(({ url }) => new URL(url).pathname);
    for (const path of ['/login/index.php', '/local/oauth/login.php', '/callback/moodle', '/hub/oauth_callback'])
      expectEqual(`the way led over ${path}`, true, asked.includes(path));
  });
  const gpu = await report.step(
    'the form shows exactly the profiles of the courses, and who is signed in',
    async () => {
      const { text } = await person.openForm();
      const choices = person.choices();
      expectEqual(
        'rules of the offered course profiles',
        ['gpu', 'cpu'],
        choices.map((id) => id.replace(/^\d+-/, '')),
      );
      expectText('the form', text, 'Signed in as');
      expectText('the name of a course is shown, not run', text, /Deep Learning &amp; &quot;AI&quot; &lt;i&gt;/);
      expectText('what is not for this person says why', text, /2 GPUs[\s\S]*is for the group DL 2 only/);
      return choices[0] ?? '';
    },
  );
  await report.step('the form starts "1 GPU in DL202", and JupyterLab answers', async () => {
    campus.prometheus.setGpu('local', 'student1--', 'busy');
    await person.openForm();
    await person.submitForm(gpu ?? '');
    await person.serverReady();
    await person.openLab();
  });
  await report.step('a kernel runs a cell', async () => {
    const printed = await person.runCell(
      'import os\nprint(6 * 7, os.environ["COURSEHUB_COURSE"], len(os.environ["COURSEHUB_SESSION"]))',
    );
    expectEqual('what the cell printed', '42 DL202 36\n', printed);
  });
  return { person, gpu: gpu ?? '' };
}
