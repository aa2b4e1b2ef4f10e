// The culler as a whole: simulated hub and Prometheus on sockets, real PostgreSQL.
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { endStoppedSession } from '../../../src/database/admissions.ts';
import { requestStop } from '../../../src/database/metering.ts';
import type { SessionId } from '../../../src/domain/ids.ts';
import { eventually } from '../../support/eventually.ts';
import { ago, type CullerBench, HOUR, startCullerBench } from './culler-bench.ts';

let bench: CullerBench;
beforeAll(async () => {
  bench = await startCullerBench('concurrency: 5');
});
afterAll(async () => {
  await bench?.stop();
});
beforeEach(async () => {
  const { database, hub, prometheus } = bench;
  const open = await database.db.selectFrom('session').selectAll().where('ended_at', 'is', null).execute();
  for (const row of open) hub.remove(row.hub_username, row.server_name);
  await sql`update session set ended_at = greatest(now(), started_at), end_reason = 'test' where ended_at is null`.execute(
    database.db,
  );
  await sql`update person set suspended = false`.execute(database.db);
  await sql`update enrolment set active = true`.execute(database.db);
  Object.assign(hub, {
    fault: null,
    stopStatus: null,
    stopSeconds: 0,
    slowStopSeconds: 10,
    onStopped: async () => undefined,
  });
  Object.assign(prometheus, { fault: null, labels: 'plain' });
});

/** The grace is over. */
const letGracePass = (id: SessionId) =>
  bench.database.db
    .updateTable('session')
    .set({ stop_at: ago(1) })
    .where('id', '=', id)
    .execute();

describe('the ledger', () => {
  it('records start, state and sight of a server', async () => {
    bench.gpu('busy1', 'busy');
    const id = await bench.session({ user: 'busy1', age: HOUR });
    await bench.cycle();
    const row = await bench.row(id);
    expect(row).toMatchObject({ gpu_state: 'busy', pending_reason: null, missed_snapshots: 0, ended_at: null });
    expect(Math.abs(Number(row.started_at) - Number(ago(HOUR)))).toBeLessThan(5000);
    expect(row.hub_started_at).toEqual(row.started_at);
  });

  it('ends a session whose server three good snapshots do not show, when it was last seen', async () => {
    const id = await bench.session({ user: 'vanished', profile: 'cpu' });
    await bench.cycle();
    const { last_seen_at } = await bench.row(id);
    bench.hub.remove('vanished', '');
    await bench.cycle();
    bench.hub.fault = '500';
    await bench.cycle();
    bench.hub.fault = null;
    await bench.cycle();
    expect(await bench.row(id)).toMatchObject({ ended_at: null, missed_snapshots: 2 });
    await bench.cycle();
    expect(await bench.row(id)).toMatchObject({ ended_at: last_seen_at, end_reason: 'gone' });
  });

  it('counts missed snapshots in a row only', async () => {
    const id = await bench.session({ user: 'flickers', profile: 'cpu' });
    await bench.cycle();
    const server = bench.hub.find('flickers', '');
    for (const missed of [1, 0, 1]) {
      if (missed === 1) bench.hub.remove('flickers', '');
      else bench.hub.start('flickers', '', server);
      await bench.cycle();
      expect(await bench.row(id)).toMatchObject({ missed_snapshots: missed, ended_at: null });
    }
  });

  it('takes a server that the restarted hub still checks for seen', async () => {
    const id = await bench.session({ user: 'checked', profile: 'cpu' });
    await bench.cycle();
    const server = bench.hub.find('checked', '');
    bench.hub.remove('checked', '');
    await bench.cycle();
    bench.hub.start('checked', '', { ...server, ready: false, pending: 'check' });
    await bench.cycle();
    expect(await bench.row(id)).toMatchObject({ missed_snapshots: 0, ended_at: null });
  });

  it('releases an admission without a server only after its time', async () => {
    const waiting = await bench.session({ user: 'waits', running: false, age: 60 });
    const over = await bench.session({ user: 'late', running: false, columns: { admission_expires_at: ago(1) } });
    const starts = await bench.session({ user: 'starts', running: false, columns: { admission_expires_at: ago(1) } });
    bench.hub.start('starts', '', { ready: false, pending: 'spawn', started: null });
    await bench.cycle();
    expect((await bench.row(waiting)).ended_at).toBeNull();
    expect((await bench.row(starts)).ended_at).toBeNull();
    expect(await bench.row(over)).toMatchObject({ end_reason: 'never_started', started_at: null });
  });

  it('counts a later run of the same name as unmanaged, and never stops it for the session', async () => {
    const id = await bench.session({ user: 'again', profile: 'cpu', quiet: 2 * HOUR });
    await bench.cycle();
    await letGracePass(id);
    bench.hub.start('again', '', { started: ago(5), lastActivity: ago(9 * HOUR) });
    bench.hub.start('spawning', '', { ready: false, pending: 'spawn', started: null });
    const before = bench.hub.stops.length;
    for (let turn = 0; turn < 3; turn += 1) await bench.cycle();
    expect(bench.hub.stops.length).toBe(before);
    expect(await bench.row(id)).toMatchObject({ end_reason: 'gone' });
    expect(await bench.metric('coursehub_culler_unmanaged_servers')).toBe(1);
    bench.hub.remove('again', '');
    bench.hub.remove('spawning', '');
    await bench.cycle();
    expect(await bench.metric('coursehub_culler_unmanaged_servers')).toBe(0);
  });
});

describe('announce, cancel, stop', () => {
  it.each(['plain', 'exported'] as const)('stops an idle GPU after warning and grace (%s labels)', async (labels) => {
    bench.prometheus.labels = labels;
    const user = `idle-${labels}`;
    bench.gpu(user, 'idle');
    const id = await bench.session({ user });
    await bench.cycle();
    const announced = await bench.row(id);
    expect(announced).toMatchObject({ gpu_state: 'idle', pending_reason: 'gpu_idle' });
    expect(Number(announced.stop_at) - Number(announced.pending_since)).toBe(600_000);
    await bench.cycle();
    expect((await bench.row(id)).stop_at).toEqual(announced.stop_at);
    expect(bench.hub.find(user, '')).toBeDefined();
    await letGracePass(id);
    await bench.cycle();
    expect(bench.hub.find(user, '')).toBeUndefined();
    expect(await bench.row(id)).toMatchObject({
      end_reason: 'gpu_idle',
      stop_reason: 'gpu_idle',
      pending_reason: null,
    });
  });

  it('cancels when work resumes in the grace', async () => {
    bench.gpu('resumes', 'idle');
    const id = await bench.session({ user: 'resumes' });
    await bench.cycle();
    bench.gpu('resumes', 'busy', 60);
    await letGracePass(id);
    await bench.cycle();
    expect(await bench.row(id)).toMatchObject({
      pending_reason: null,
      stop_at: null,
      ended_at: null,
      gpu_state: 'busy',
    });
  });

  it('stops at once for a suspended account, after a grace for an ended enrolment', async () => {
    const suspended = await bench.session({ user: 'suspended', profile: 'cpu' });
    const ended = await bench.session({ user: 'left', profile: 'cpu' });
    await sql`update person set suspended = true where hub_username = 'suspended'`.execute(bench.database.db);
    await sql`update enrolment set active = false where person_id = (select person_id from session where id = ${ended})`.execute(
      bench.database.db,
    );
    await bench.cycle();
    expect(await bench.row(suspended)).toMatchObject({ end_reason: 'enrolment_ended' });
    const row = await bench.row(ended);
    expect(row).toMatchObject({ pending_reason: 'enrolment_ended' });
    expect(Number(row.stop_at) - Number(row.pending_since)).toBe(900_000);
  });

  it('acts on a stop request within 2 s, and only on that server', async () => {
    const id = await bench.session({ user: 'ann', server: 's1', profile: 'cpu' });
    const other = await bench.session({ user: 'anna', server: 's1', profile: 'cpu' });
    const sibling = await bench.session({ user: 'ann', server: 's10', profile: 'cpu' });
    await requestStop(bench.database.db, id, 'operator:boss', 'please');
    await eventually(async () => (await bench.row(id)).end_reason === 'requested', 'the stop', 2000);
    expect([(await bench.row(other)).ended_at, (await bench.row(sibling)).ended_at]).toEqual([null, null]);
    await bench.cycle();
    const request = await bench.database.db
      .selectFrom('stop_request')
      .selectAll()
      .where('session_id', '=', id)
      .executeTakeFirstOrThrow();
    expect(request.done_at).not.toBeNull();
    expect(bench.services.log.find(({ msg, session_id }) => msg === 'stop' && session_id === id)).toMatchObject({
      reason: 'requested',
      requested_by: 'operator:boss',
      mode: 'live',
    });
  });

  it('encodes names in the address', async () => {
    const id = await bench.session({ user: 'a b/c@x', server: 'lab 1', profile: 'cpu' });
    await requestStop(bench.database.db, id, 'operator:boss', '');
    await eventually(async () => (await bench.row(id)).end_reason === 'requested', 'the stop');
    expect(bench.hub.stops.at(-1)).toBe('a b/c@x/lab 1');
  });

  it('gives the same end when the hub reports it first', async () => {
    const id = await bench.session({ user: 'hooked', profile: 'cpu' });
    bench.hub.onStopped = async (user, server) => void (await endStoppedSession(bench.database.db, user, server, id));
    await requestStop(bench.database.db, id, 'operator:boss', '');
    await eventually(async () => (await bench.row(id)).end_reason === 'requested', 'the stop');
    await bench.cycle();
    expect(await bench.row(id)).toMatchObject({ end_reason: 'requested', stop_reason: 'requested' });
  });

  it('follows a slow stop until the server is gone', async () => {
    Object.assign(bench.hub, { stopSeconds: 1, slowStopSeconds: 0 });
    const id = await bench.session({ user: 'slow', profile: 'cpu' });
    await requestStop(bench.database.db, id, 'operator:boss', '');
    await eventually(async () => (await bench.row(id)).stop_reason === 'requested', 'the stop is begun');
    await bench.cycle();
    expect(await bench.row(id)).toMatchObject({ ended_at: null });
    const stops = bench.hub.stops.length;
    await eventually(() => bench.hub.find('slow', '') === undefined, 'the server is gone');
    await bench.cycle();
    expect(await bench.row(id)).toMatchObject({ end_reason: 'requested' });
    expect(bench.hub.stops.length).toBe(stops);
  });

  it('reports a refused stop, takes its mark back, and tries again', async () => {
    bench.hub.stopStatus = 400;
    const id = await bench.session({ user: 'refused', profile: 'cpu' });
    await requestStop(bench.database.db, id, 'operator:boss', '');
    await eventually(
      () => bench.services.log.find(({ msg, session_id }) => msg === 'the hub refused a stop' && session_id === id),
      'the report',
    );
    await eventually(async () => (await bench.row(id)).stop_reason === null, 'the mark is taken back');
    expect(await bench.row(id)).toMatchObject({ ended_at: null });
    bench.hub.stopStatus = null;
    await bench.cycle();
    expect(await bench.row(id)).toMatchObject({ end_reason: 'requested' });
  });

  it('takes a server that the hub does not know for stopped', async () => {
    bench.hub.stopStatus = 404;
    const id = await bench.session({ user: 'unknown', profile: 'cpu' });
    await requestStop(bench.database.db, id, 'operator:boss', '');
    await eventually(async () => (await bench.row(id)).end_reason === 'requested', 'the end');
  });

  it('stops side by side, never more than the config allows', async () => {
    bench.hub.stopSeconds = 0.1;
    const ids = await Promise.all(
      Array.from({ length: 25 }, (_, index) => bench.session({ user: `many${index}`, profile: 'cpu' })),
    );
    await sql`update person set suspended = true where hub_username like 'many%'`.execute(bench.database.db);
    await bench.cycle();
    for (const id of ids) expect(await bench.row(id)).toMatchObject({ end_reason: 'enrolment_ended' });
    expect(bench.hub.mostParallelStops()).toBe(5);
  });
});
