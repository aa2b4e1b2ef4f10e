// (4) An idle GPU comes back although its tab is open; a busy one with no tab and one without readings are kept; a CPU server stops by inactivity. (6) The next form says why.
import type { Campus } from '../campus.ts';
import { createHubPerson, type HubPerson } from './hub-person.ts';
import { readMetric } from './metrics.ts';
import { expectEqual, expectText, type Report } from './report.ts';

export async function checkIdleServers(campus: Campus, report: Report): Promise<void> {
  const idle = createHubPerson(campus.addresses, 'student3');
  const busy = createHubPerson(campus.addresses, 'student4');
  const silent = createHubPerson(campus.addresses, 'student5');
  const cpu = createHubPerson(campus.addresses, 'student2');
  await report.step('three GPU servers and a CPU server start', async () => {
    campus.prometheus.setGpu('local', 'student3--', 'idle');
    campus.prometheus.setGpu('local', 'student4--', 'busy');
    campus.prometheus.setGpu('local', 'student5--', 'silent');
    await start(busy, 'gpu');
    await start(silent, 'gpu');
    await start(cpu, 'cpu');
    await start(idle, 'gpu');
    await idle.openLab();
  });
  await report.step('the idle GPU is given back although its tab stays open', async () => {
    const tab = setInterval(() => void idle.pollTab().catch(() => undefined), 1000);
    try {
      await idle.serverGone(60);
    } finally {
      clearInterval(tab);
    }
  });
  await report.step('the CPU server is stopped by inactivity', () => cpu.serverGone(60));
  await report.step('the busy GPU with no tab at all is kept', async () => {
    expectEqual('ready', true, (await busy.server())?.ready);
  });
  await report.step('the one whose readings are missing is kept and counted as unknown', async () => {
    expectEqual('ready', true, (await silent.server())?.ready);
    expectEqual(
      'coursehub_sessions{gpu_state="unknown"}',
      1,
      await readMetric(campus, 'coursehub_sessions', { gpu_state: 'unknown' }),
    );
  });
  await report.step('the next form says why the last session ended', async () => {
    expectText(
      'the form of the idle GPU',
      (await idle.openForm()).text,
      /Your last session \(1 GPU in DL202\) was stopped at .*its GPU was idle for 12 s/,
    );
    expectText(
      'the form of the CPU server',
      (await cpu.openForm()).text,
      /Your last session \(Data science in DS101\) was stopped at .*no activity for 10 s/,
    );
  });
}

async function start(person: HubPerson, rule: string): Promise<void> {
  if (person.name() === '') await person.signIn();
  await person.openForm();
  const choice = person.choices().find((id) => id.endsWith(`-${rule}`));
  if (choice === undefined)
    throw new Error(`the form of ${person.name()} offers no "${rule}" but ${JSON.stringify(person.choices())}`);
  await person.submitForm(choice);
  await person.serverReady();
}
