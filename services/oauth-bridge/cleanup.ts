// Removes what has expired: one replica at a time, in small batches, so that nothing waits for it (bridge.md 7).

import { createLeaderLock } from '../../src/database/leader-lock.ts';
import { deleteExpiredOidcRows } from '../../src/database/oidc-adapter.ts';
import { deleteExpiredSigninState } from '../../src/database/signin-state.ts';
import { type Schedule, startSchedule } from '../../src/runtime/schedule.ts';
import type { ServiceEnvironment } from '../../src/runtime/service.ts';

const EVERY_SECONDS = 60;
const BATCH_ROWS = 5000;

export function startCleanup(environment: ServiceEnvironment, countDeleted: (rows: number) => void): Schedule {
  const { db, logger } = environment;
  const lock = createLeaderLock(environment.databaseUrl, 'oauth-bridge');
  const clean = async (deleteBatch: () => Promise<number>): Promise<void> => {
    let deleted = BATCH_ROWS;
    while (deleted === BATCH_ROWS && (await lock.isLeader())) {
      deleted = await deleteBatch();
      countDeleted(deleted);
    }
  };
  const schedule = startSchedule(
    EVERY_SECONDS,
    async () => {
      await clean(() => deleteExpiredOidcRows(db, BATCH_ROWS));
      await clean(() => deleteExpiredSigninState(db, BATCH_ROWS));
    },
    (error) => logger.error({ err: error }, 'expired sign-in rows could not be removed'),
  );
  return {
    trigger: schedule.trigger,
    async stop() {
      await schedule.stop();
      await lock.release();
    },
  };
}
