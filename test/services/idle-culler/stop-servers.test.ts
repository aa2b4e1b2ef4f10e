// The last moment before a stop: is the session still open, and do we still lead?
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createCullerMetrics } from '../../../services/idle-culler/culler-metrics.ts';
import { type StopContext, stopServers } from '../../../services/idle-culler/stop-servers.ts';
import { findOpenSessions } from '../../../src/database/metering.ts';
import { createHubApi } from '../../../src/jupyterhub/hub-api.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { type CullerBench, startCullerBench } from './culler-bench.ts';

let bench: CullerBench;
beforeAll(async () => {
  bench = await startCullerBench();
});
afterAll(async () => {
  await bench?.stop();
});
beforeEach(async () => {
  await sql`update session set ended_at = now(), end_reason = 'test' where ended_at is null`.execute(bench.database.db);
});

const contextOf = (isLeader: () => Promise<boolean>): StopContext => ({
  db: bench.database.db,
  hub: createHubApi({
    apiUrl: bench.hub.apiUrl,
    token: bench.hub.token,
    requestTimeoutSeconds: 5,
    concurrency: 1,
  }),
  logger: silentLogger(),
  metrics: createCullerMetrics(createMetrics('test'), []),
  concurrency: 1,
  isLeader,
  factsReadAt: performance.now(),
});

it('leaves a server alone whose session has ended since the snapshot: it may be the next run', async () => {
  const id = await bench.session({ user: 'restarted', profile: 'cpu' });
  const [session] = await findOpenSessions(bench.database.db);
  if (!session) throw new Error('no open session');
  await sql`update session set ended_at = now(), end_reason = 'replaced' where id = ${id}`.execute(bench.database.db);
  const before = bench.hub.stops.length;
  expect(
    await stopServers(
      contextOf(async () => true),
      [{ session, reason: 'idle' }],
    ),
  ).toEqual(['session_over']);
  expect(bench.hub.stops.length).toBe(before);
  expect(await bench.row(id)).toMatchObject({ end_reason: 'replaced', stop_reason: null });
});

it('does nothing when the leadership is lost', async () => {
  await bench.session({ user: 'one', profile: 'cpu' });
  await bench.session({ user: 'two', profile: 'cpu' });
  const orders = (await findOpenSessions(bench.database.db)).map((session) => ({ session, reason: 'idle' as const }));
  const before = bench.hub.stops.length;
  expect(
    await stopServers(
      contextOf(async () => false),
      orders,
    ),
  ).toEqual([]);
  expect(bench.hub.stops.length).toBe(before);
});

it('does nothing on facts that have grown old while a slow hub stopped others', async () => {
  await bench.session({ user: 'queued', profile: 'cpu' });
  const orders = (await findOpenSessions(bench.database.db)).map((session) => ({ session, reason: 'idle' as const }));
  const before = bench.hub.stops.length;
  const context = { ...contextOf(async () => true), factsReadAt: performance.now() - 61_000 };
  expect(await stopServers(context, orders)).toEqual([]);
  expect(bench.hub.stops.length).toBe(before);
});
