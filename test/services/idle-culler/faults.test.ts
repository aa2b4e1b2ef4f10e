// The fault table (design 7): each source down, slow or lying. Who is stopped? Nobody who should not be.
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { HubFault } from '../../simulators/hub/hub-simulator.ts';
import type { PrometheusFault } from '../../simulators/prometheus/prometheus-simulator.ts';
import { eventually } from '../../support/eventually.ts';
import { ago, type CullerBench, HOUR, startCullerBench } from './culler-bench.ts';

let bench: CullerBench;
let turn = 0;
beforeAll(async () => {
  bench = await startCullerBench();
});
afterAll(async () => {
  await bench?.stop();
});
afterEach(() => {
  bench.hub.fault = null;
  bench.prometheus.fault = null;
});

const readiness = async (): Promise<{ status: string; missing: Record<string, string> }> =>
  (await fetch(`${bench.services.opsUrl}/readyz`)).json() as never;

describe('Prometheus', () => {
  it.each<PrometheusFault>(['down', '503', 'html', 'slow', 'garbage', 'warnings', 'huge'])(
    '%s: the GPU is unknown, an announced stop for it is taken back, nobody is stopped',
    async (fault) => {
      turn += 1;
      const user = `p${turn}`;
      bench.gpu(user, 'idle');
      const id = await bench.session({ user, quiet: 2 * HOUR });
      await bench.cycle();
      expect(await bench.row(id)).toMatchObject({ pending_reason: 'gpu_idle' });
      await sql`update session set stop_at = ${ago(1)} where id = ${id}`.execute(bench.database.db);
      bench.prometheus.fault = fault;
      await bench.cycle();
      expect(await bench.row(id)).toMatchObject({ gpu_state: 'unknown', pending_reason: null, ended_at: null });
      expect(bench.hub.find(user, '')).toMatchObject({ ready: true });
      expect(bench.services.log.filter(({ msg }) => msg === 'cycle').at(-1)).toMatchObject({
        reading_faults: [{ metric: 'DCGM_FI_PROF_GR_ENGINE_ACTIVE' }, { metric: 'DCGM_FI_DEV_GPU_UTIL' }],
      });
    },
  );

  it('silent about one pod: that one is unknown, after 6 h without activity it is announced', async () => {
    bench.gpu('silent', 'silent');
    const id = await bench.session({ user: 'silent', age: 7 * HOUR, quiet: 5 * HOUR });
    const long = await bench.session({ user: 'silent6', age: 3.9 * HOUR, quiet: 3.8 * HOUR });
    await sql`update session set snapshot = jsonb_set(snapshot, '{profile,idle,sessionLimitSeconds}', 'null')`.execute(
      bench.database.db,
    );
    await bench.cycle();
    expect(await bench.row(id)).toMatchObject({ gpu_state: 'unknown', pending_reason: null });
    await sql`update session set snapshot = jsonb_set(snapshot, '{profile,idle,unknownLimitSeconds}', '12000') where id = ${long}`.execute(
      bench.database.db,
    );
    await bench.cycle();
    expect(await bench.row(long)).toMatchObject({ pending_reason: 'unknown_limit' });
  });

  it('asks one query per metric and cycle, whatever the number of servers', async () => {
    for (let index = 0; index < 20; index += 1) await bench.session({ user: `q${index}` });
    const before = bench.prometheus.queries.length;
    await bench.cycle();
    expect(bench.prometheus.queries.slice(before)).toEqual([
      'DCGM_FI_PROF_GR_ENGINE_ACTIVE[1800s]',
      'DCGM_FI_DEV_GPU_UTIL[1800s]',
    ]);
  });
});

describe('the hub', () => {
  it.each<[HubFault, string]>([
    ['down', 'hub_unreachable'],
    ['500', 'hub_unreachable'],
    ['html', 'hub_unreadable'],
    ['no_servers', 'hub_refused'],
  ])('%s: the cycle is skipped, nothing is decided', async (fault, outcome) => {
    turn += 1;
    const id = await bench.session({ user: `h${turn}`, profile: 'cpu', quiet: 2 * HOUR });
    await sql`update person set suspended = true where hub_username = ${`h${turn}`}`.execute(bench.database.db);
    bench.hub.fault = fault;
    const counter = `coursehub_culler_cycles_total{outcome="${outcome}"}`;
    const before = await bench.metric(counter);
    await bench.cycle();
    expect(await bench.metric(counter)).toBe(before + 1);
    expect(await bench.row(id)).toMatchObject({ first_seen_at: null, missed_snapshots: 0, ended_at: null });
    bench.hub.fault = null;
    await bench.cycle();
    expect(await bench.row(id)).toMatchObject({ end_reason: 'enrolment_ended' });
  });

  it('refuses the token: not ready, with a sentence that names the scopes', async () => {
    expect((await readiness()).status).toBe('ready');
    bench.hub.fault = 'no_servers';
    await bench.cycle();
    expect((await readiness()).missing['hub-token']).toMatch(/HUB_API_TOKEN.*read:servers/);
    bench.hub.fault = null;
    await bench.cycle();
    expect((await readiness()).status).toBe('ready');
  });

  it('limits the token to some users: the lists would be short, so nothing is decided', async () => {
    const id = await bench.session({
      user: 'elsewhere',
      profile: 'cpu',
      running: false,
      columns: { admission_expires_at: ago(1) },
    });
    const { scopes } = bench.hub;
    // Between two good looks: the hub's restart took less.
    bench.hub.scopes = ['list:users!group=x', 'read:users:activity', 'read:servers', 'delete:servers'];
    await bench.cycle();
    expect((await bench.row(id)).ended_at).toBeNull();
    expect((await readiness()).missing['hub-token']).toContain('lacks list:users (');
    bench.hub.scopes = scopes;
    await bench.cycle();
    expect((await bench.row(id)).end_reason).toBe('never_started');
  });

  it('shows more users than one page holds', async () => {
    for (let index = 0; index < 450; index += 1) bench.hub.start(`page${index}`, '');
    await bench.cycle();
    expect(await bench.metric('coursehub_culler_unmanaged_servers')).toBe(450);
    for (let index = 0; index < 450; index += 1) bench.hub.remove(`page${index}`, '');
  });

  it.each([5, 60])('lists everybody although %i users leave between two pages', async (leaving) => {
    const name = (index: number): string => `page${String(index).padStart(3, '0')}`;
    for (let index = 0; index < 450; index += 1) bench.hub.start(name(index), '');
    let left = false;
    bench.hub.beforePage = (offset) => {
      if (offset === 0 || left) return;
      left = true;
      for (let index = 0; index < leaving; index += 1) bench.hub.remove(name(index), '');
    };
    await bench.cycle();
    bench.hub.beforePage = () => undefined;
    // Those who left had been read.
    expect(await bench.metric('coursehub_culler_unmanaged_servers')).toBe(450);
    for (let index = 0; index < 450; index += 1) bench.hub.remove(name(index), '');
  });

  it('does not answer a stop: the mark stays, the next look finds out', async () => {
    const id = await bench.session({ user: 'lost', profile: 'cpu' });
    await bench.cycle();
    const { hub, database } = bench;
    hub.onStopped = async () => {
      hub.fault = 'down';
    };
    await sql`update person set suspended = true where hub_username = 'lost'`.execute(database.db);
    await bench.cycle();
    hub.onStopped = async () => undefined;
    hub.fault = null;
    await bench.cycle();
    expect(await bench.row(id)).toMatchObject({ end_reason: 'enrolment_ended' });
  });
});

describe('the database', () => {
  it('loses the connections of lock and notifications: the culler comes back', async () => {
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'coursehub %' and pid <> pg_backend_pid()`.execute(
      bench.database.db,
    );
    const id = await bench.session({ user: 'after', profile: 'cpu' });
    await eventually(async () => {
      await sql`select pg_notify('coursehub_stop', '')`.execute(bench.database.db);
      return (await bench.row(id)).first_seen_at !== null;
    }, 'a cycle after the loss');
  });
});
