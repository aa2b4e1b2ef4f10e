// Sees to it that one run over the site goes on at a time, in all processes together: who asks meanwhile joins it.
import { setTimeout as wait } from 'node:timers/promises';
import type { Db } from '../../src/database/database.ts';
import type { LeaderLock } from '../../src/database/leader-lock.ts';
import {
  closeAbandonedRuns,
  findLatestSiteRun,
  findSiteRun,
  finishSiteRun,
  type SiteRun,
  startSiteRun,
} from '../../src/database/sync-runs.ts';
import { Problem } from '../../src/http/problem.ts';
import type { SiteResult } from './sync-site.ts';

export interface JoinedRun {
  /** Known as soon as the run has begun. */
  readonly id: Promise<string>;
  readonly finished: Promise<SiteRun>;
}

export interface SiteRuns {
  /** Begins a run, or joins the one that is going on in this or another process. */
  readonly begin: () => JoinedRun;
  /** Nothing new begins; resolves when the run of this process is over. */
  readonly stop: () => Promise<void>;
}

export interface SiteRunsOptions {
  readonly db: Db;
  /** Of its own: not the lock of the timer's leader, which any replica's request must not need. */
  readonly lock: LeaderLock;
  readonly execute: (isStillMine: () => Promise<boolean>) => Promise<SiteResult>;
  readonly onResult: (runId: string, result: SiteResult) => void;
}

const POLL_MILLISECONDS = 200;

export function createSiteRuns(options: SiteRunsOptions): SiteRuns {
  let current: JoinedRun | null = null;
  let stopped = false;
  return {
    begin() {
      if (current) return current;
      const { promise: id, resolve, reject } = Promise.withResolvers<string>();
      const finished = runOrJoin(options, () => stopped, resolve).finally(() => {
        current = null;
      });
      // Whoever waits gets the error; nobody may be waiting.
      finished.catch(reject);
      id.catch(() => undefined);
      current = { id, finished };
      return current;
    },
    async stop() {
      stopped = true;
      await current?.finished.catch(() => undefined);
    },
  };
}

async function runOrJoin(
  options: SiteRunsOptions,
  isStopped: () => boolean,
  onId: (id: string) => void,
): Promise<SiteRun> {
  const { db, lock } = options;
  let joined: string | null = null;
  try {
    while (!isStopped()) {
      if (await lock.isLeader()) return await runHere(options, onId);
      const latest = await findLatestSiteRun(db);
      if (joined === null && latest?.outcome === 'running') {
        joined = latest.id;
        onId(joined);
      }
      const run = joined === null ? null : await findSiteRun(db, joined);
      if (run && run.outcome !== 'running') return run;
      await wait(POLL_MILLISECONDS);
    }
    throw new Problem(503, 'ending', 'This process is ending. Please try again.');
  } finally {
    await lock.release();
  }
}

async function runHere(options: SiteRunsOptions, onId: (id: string) => void): Promise<SiteRun> {
  const { db, lock, execute, onResult } = options;
  await closeAbandonedRuns(db);
  const id = await startSiteRun(db);
  onId(id);
  let result: SiteResult;
  try {
    result = await execute(() => lock.isLeader());
  } catch (error) {
    // With PostgreSQL away this fails too; then the next run closes the row.
    await finishSiteRun(db, id, 'failed', { error: 'internal error' }).catch(() => undefined);
    throw error;
  }
  await finishSiteRun(db, id, result.outcome, { ...result.summary });
  onResult(id, result);
  const run = await findSiteRun(db, id);
  if (!run) throw new Error('the run is not stored');
  return run;
}
