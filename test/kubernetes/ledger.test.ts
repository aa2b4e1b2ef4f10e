// The ledger of idle-culler beside a cluster: the time held begins when the pod was scheduled.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ago, type CullerBench, HOUR, startCullerBench } from '../services/idle-culler/culler-bench.ts';
import { eventually } from '../support/eventually.ts';
import { FakeApiserver } from './fake-apiserver.ts';
import { wirePod } from './wire-objects.ts';

let api: FakeApiserver;
let bench: CullerBench;
beforeEach(async () => {
  api = new FakeApiserver();
  await api.start();
  bench = await startCullerBench('', {
    more: 'kubernetes: { namespace: campus, nodes: true }\n',
    env: { KUBECONFIG: api.kubeconfig() },
  });
});
afterEach(async () => {
  await bench?.stop();
  await api.remove();
});

/** Kubernetes' times are whole seconds. */
const wholeSecond = (seconds: number): Date => new Date(Math.floor(ago(seconds).getTime() / 1000) * 1000);
const ready = () => eventually(async () => (await fetch(`${bench.services.opsUrl}/readyz`)).ok, 'readiness');
const put = (name: string, options: Parameters<typeof wirePod>[1]): void => api.put('pods', wirePod(name, options));
describe('the start of the time held', () => {
  it('is when the pod of this session was scheduled, not when its person began to wait', async () => {
    await ready();
    const id = await bench.session({ user: 'ann', age: HOUR });
    const scheduledAt = wholeSecond(600);
    put('jupyter-anna', { user: 'anna', scheduledAt: wholeSecond(60).toISOString() });
    put('jupyter-x', { user: 'ann', session: id, scheduledAt: scheduledAt.toISOString() });
    await eventually(async () => {
      await bench.cycle();
      return (await bench.row(id)).started_at?.valueOf() === scheduledAt.valueOf();
    }, 'the start');
    api.delete('pods', 'jupyter-x', 'campus');
    await bench.cycle();
    expect((await bench.row(id)).started_at).toEqual(scheduledAt);
  });

  it('is corrected once the cluster can be seen, and never lies before the admission', async () => {
    api.deny('list', 'pods');
    api.deny('watch', 'pods');
    api.dropWatches('end');
    const id = await bench.session({ user: 'ben', age: HOUR });
    await bench.cycle();
    const provisional = (await bench.row(id)).started_at as Date;
    expect(Math.abs(provisional.getTime() - ago(HOUR).getTime())).toBeLessThan(10_000);
    const scheduledAt = wholeSecond(300);
    put('jupyter-ben', { user: 'ben', scheduledAt: scheduledAt.toISOString() });
    api.allow('list', 'pods');
    api.allow('watch', 'pods');
    await ready();
    await eventually(async () => {
      await bench.cycle();
      return (await bench.row(id)).started_at?.valueOf() === scheduledAt.valueOf();
    }, 'the corrected start');
    put('jupyter-ben', { user: 'ben', scheduledAt: wholeSecond(9 * HOUR).toISOString() });
    await eventually(async () => {
      await bench.cycle();
      const row = await bench.row(id);
      return row.started_at?.valueOf() === row.admitted_at?.valueOf();
    }, 'the clamp');
  });

  it('is the hub’s while the cluster cannot be seen, and cycles go on', async () => {
    await ready();
    await api.stop();
    const id = await bench.session({ user: 'cho', age: HOUR });
    await bench.cycle();
    const row = await bench.row(id);
    expect(Math.abs(Number(row.started_at) - Number(ago(HOUR)))).toBeLessThan(10_000);
  });
});

it('reads no nodes: they are not the culler’s business', async () => {
  await ready();
  expect(api.lists('nodes')).toBe(0);
});
