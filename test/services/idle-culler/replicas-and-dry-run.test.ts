// Two replicas act as one; a dry run says what it would do, once, and stops nothing.
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { createIdleCuller } from '../../../services/idle-culler/create-idle-culler.ts';
import { eventually } from '../../support/eventually.ts';
import { startTestServices } from '../../support/start-test-services.ts';
import { testConfigText } from '../../support/test-config.ts';
import { ago, type CullerBench, HOUR, startCullerBench } from './culler-bench.ts';

let bench: CullerBench | undefined;
afterEach(async () => {
  await bench?.stop();
  bench = undefined;
});

describe('two replicas', () => {
  it('stop each server once; the second takes over when the first ends', async () => {
    bench = await startCullerBench();
    const { hub, database } = bench;
    const second = await startTestServices({
      name: 'idle-culler',
      services: ['idle-culler'],
      create: (environment) => [createIdleCuller(environment)],
      configText: testConfigText({ hubApi: hub.apiUrl }, 'culler: { every: 200ms }\n'.replace('200ms', '0.2s')),
      databaseUrl: database.url,
      env: { HUB_API_TOKEN: hub.token },
    });
    try {
      const ids = await Promise.all(
        ['a', 'b', 'c'].map((user) => (bench as CullerBench).session({ user, profile: 'cpu' })),
      );
      await sql`update person set suspended = true`.execute(database.db);
      await bench.cycle();
      for (const id of ids) expect(await bench.row(id)).toMatchObject({ end_reason: 'enrolment_ended' });
      expect([...hub.stops].sort()).toEqual(['a/', 'b/', 'c/']);
      const standby = await (await fetch(`${second.opsUrl}/metrics`)).text();
      expect(standby).toMatch(/coursehub_culler_cycles_total\{outcome="done"\} 0\n/);
      expect((await fetch(`${second.opsUrl}/readyz`)).status).toBe(200);
      await bench.services.stop();
      const id = await bench.session({ user: 'd', profile: 'cpu' });
      await eventually(async () => (await bench?.row(id))?.first_seen_at, 'the second leads');
    } finally {
      await second.stop();
    }
  });
});

describe('a process that ends', () => {
  it('does not wait for a slow hub, and the next leader finishes what it began', async () => {
    bench = await startCullerBench();
    const { hub, database, services } = bench;
    hub.stopSeconds = 9;
    const id = await bench.session({ user: 'slow', profile: 'cpu' });
    await sql`update person set suspended = true`.execute(database.db);
    await sql`select pg_notify('coursehub_stop', '')`.execute(database.db);
    await eventually(() => hub.stops.length === 1, 'the stop is sent');
    const begun = performance.now();
    await services.stop();
    expect(performance.now() - begun).toBeLessThan(8000);
    hub.remove('slow', '');
    const next = await startTestServices({
      name: 'idle-culler',
      services: ['idle-culler'],
      create: (environment) => [createIdleCuller(environment)],
      configText: testConfigText({ hubApi: hub.apiUrl }),
      databaseUrl: database.url,
      env: { HUB_API_TOKEN: hub.token },
    });
    try {
      await eventually(async () => (await bench?.row(id))?.end_reason === 'enrolment_ended', 'the end');
      expect(hub.stops).toEqual(['slow/']);
    } finally {
      await next.stop();
    }
  });
});

describe('a dry run', () => {
  it('announces and stops in the log only, keeps the ledger', async () => {
    bench = await startCullerBench('dryRun: true');
    const { services, hub, database } = bench;
    const id = await bench.session({ user: 'quiet', profile: 'cpu', quiet: 2 * HOUR });
    const zero = await bench.session({ user: 'zero', profile: 'cpu', quiet: 2 * HOUR });
    await sql`update session set snapshot = jsonb_set(snapshot, '{profile,idle,graceSeconds}', '0') where id = ${zero}`.execute(
      database.db,
    );
    const gone = await bench.session({
      user: 'gone',
      profile: 'cpu',
      running: false,
      columns: { admission_expires_at: ago(1) },
    });
    for (let turn = 0; turn < 3; turn += 1) await bench.cycle();
    const said = (message: string): unknown[] =>
      services.log.filter(({ msg }) => msg === message).map(({ session_id, mode }) => [session_id, mode]);
    expect(said('stop announced')).toEqual([[id, 'dry_run']]);
    expect(said('stop')).toEqual([[zero, 'dry_run']]);
    expect(hub.stops).toEqual([]);
    expect(await bench.row(id)).toMatchObject({
      pending_reason: null,
      stop_reason: null,
      gpu_state: 'none',
      ended_at: null,
    });
    expect(await bench.row(zero)).toMatchObject({ stop_reason: null, ended_at: null });
    expect(await bench.row(gone)).toMatchObject({ end_reason: 'never_started' });
    expect(await bench.metric('coursehub_culler_decisions_total{kind="stop",reason="idle",mode="dry_run"}')).toBe(1);
    expect(await bench.metric('coursehub_culler_stops_total{reason="idle",outcome="stopped"}')).toBe(0);
  });
});
