// Sends stops to the hub, a bounded number at a time, and closes the sessions whose servers have stopped.
import type { Db } from '../../src/database/database.ts';
import type { OpenSession } from '../../src/database/metering.ts';
import { closeSession, markStopBegun, unmarkStop } from '../../src/database/metering.ts';
import type { StopReason } from '../../src/domain/culling/decision.ts';
import type { HubApi } from '../../src/jupyterhub/hub-api.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import type { CullerMetrics, StopOutcome } from './culler-metrics.ts';

export interface StopOrder {
  readonly session: OpenSession;
  readonly reason: StopReason;
}

export interface StopContext {
  readonly db: Db;
  readonly hub: HubApi;
  readonly logger: Logger;
  readonly metrics: CullerMetrics;
  /** Stops at the same time. */
  readonly concurrency: number;
  readonly isLeader: () => Promise<boolean>;
  /** performance.now() when the facts behind the orders began to be read. */
  readonly factsReadAt: number;
}

/** A slow hub makes a long queue: whoever has come back to work meanwhile must not be stopped by what was true long ago. */
const FACTS_GOOD_FOR_MILLISECONDS = 60_000;

/** How long one proof of leadership counts: a batch, and no second leader can have looked and acted meanwhile. */
const LEADER_PROOF_MILLISECONDS = 2_000;

/**
 * All stops in parallel, `concurrency` at a time; one that fails does not hold the others.
 * @returns what became of each, in order; shorter when the leadership was lost on the way, or the facts have grown old: the next cycle decides anew.
 */
export async function stopServers(context: StopContext, orders: readonly StopOrder[]): Promise<readonly StopOutcome[]> {
  const outcomes: StopOutcome[] = [];
  const mayAct = createLeaderGate(context.isLeader);
  const queue = orders[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    // One iterator for all workers: each order is taken once.
    for (const order of queue) {
      if (!(await mayAct()) || performance.now() - context.factsReadAt > FACTS_GOOD_FOR_MILLISECONDS) return;
      const outcome = await stopOne(context, order);
      context.metrics.stops.inc({ reason: order.reason, outcome });
      outcomes.push(outcome);
    }
  };
  await Promise.all(Array.from({ length: Math.min(context.concurrency, orders.length) }, worker));
  return outcomes;
}

async function stopOne(context: StopContext, { session, reason }: StopOrder): Promise<StopOutcome> {
  const { db, hub, logger } = context;
  const fields = {
    session_id: session.id,
    hub_username: session.hubUsername,
    server: session.serverName,
    reason,
  };
  try {
    if (!(await markStopBegun(db, session.id, reason))) return 'session_over';
    const answer = await hub.stopServer(session.hubUsername, session.serverName);
    switch (answer.outcome) {
      case 'stopped':
      case 'absent':
        // false: the hub's post_stop_hook came first, with our reason.
        await closeSession(db, session.id, reason, null);
        break;
      case 'stopping':
        break;
      case 'refused':
        await unmarkStop(db, session.id);
        logger.error({ ...fields, cause: answer.message }, 'the hub refused a stop');
        break;
      case 'unanswered':
        logger.warn({ ...fields, cause: answer.message }, 'the hub did not answer a stop; the next cycle looks again');
        break;
    }
    return answer.outcome;
  } catch (error) {
    logger.error({ ...fields, err: error }, 'a stop failed; the next cycle looks again');
    return 'unanswered';
  }
}

/** Asks the lock's own connection before each batch, and once for workers that ask together. */
function createLeaderGate(isLeader: () => Promise<boolean>): () => Promise<boolean> {
  let proof: Promise<boolean> | null = null;
  let askedAt = 0;
  return () => {
    if (proof === null || performance.now() - askedAt > LEADER_PROOF_MILLISECONDS) {
      askedAt = performance.now();
      proof = isLeader();
    }
    return proof;
  };
}
