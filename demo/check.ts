// Plays the main job without a person: sign in, get your course's server, lose it when its GPU idles. Ends with `N passed, N failed`.
import type { Campus } from './campus.ts';
import { checkEnrolmentEnds } from './check/enrolment-ends.ts';
import { checkIdleServers } from './check/idle-servers.ts';
import { checkMetrics } from './check/metrics.ts';
import { checkRefusals } from './check/refusals.ts';
import { createReport } from './check/report.ts';
import { checkSignInAndStart } from './check/sign-in-and-start.ts';

/** Gives the number of failed steps. */
export async function playScenario(campus: Campus, say: (line: string) => void): Promise<number> {
  const report = createReport();
  say('sign in, see the courses, start a GPU server');
  const student = await checkSignInAndStart(campus, report);
  say('who may not, and what they read');
  await checkRefusals(campus, report, student);
  say('idle, busy and silent GPUs');
  await checkIdleServers(campus, report);
  say('an enrolment ends');
  await checkEnrolmentEnds(campus, report, student);
  say('what the metrics tell');
  await checkMetrics(campus, report);
  const { passed, failed } = report.counts();
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed;
}
