// Decides at start whether the service account is good enough: what is set up wrongly refuses the start, a Moodle that is away does not.
import { checkServiceAccount } from '../../src/moodle/check-service-account.ts';
import { isOutage, MoodleError } from '../../src/moodle/moodle-error.ts';
import type { SyncContext } from './sync-context.ts';

/** @throws Error with every fault as a sentence. */
export async function checkAtStart(context: SyncContext): Promise<void> {
  const faults = await findFaults(context);
  if (faults.length > 0)
    throw new Error(
      `moodle-sync cannot read the roster from Moodle:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
}

async function findFaults({ moodle, config, logger, metrics }: SyncContext): Promise<readonly string[]> {
  try {
    const report = await checkServiceAccount(moodle, config.moodle.wwwroot);
    metrics.moodleReachable.set(1);
    for (const sentence of report.unproven) logger.warn({ sentence }, 'service account not fully proven');
    return report.faults;
  } catch (error) {
    if (!(error instanceof MoodleError)) throw error;
    if (!isOutage(error)) return [error.message];
    metrics.moodleReachable.set(0);
    logger.warn(
      { fault: error.message },
      'Moodle is away at the start: the service account is checked on the first run',
    );
    return [];
  }
}
