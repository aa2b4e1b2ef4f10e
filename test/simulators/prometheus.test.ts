// The Prometheus simulator: samples follow the changes, its page and form work without JavaScript.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type PrometheusSimulator, startPrometheusSimulator } from './prometheus/prometheus-simulator.ts';

let now = 1_000_000;
let simulator: PrometheusSimulator;
beforeAll(async () => {
  simulator = await startPrometheusSimulator({ scrapeIntervalSeconds: 10, now: () => now });
});
afterAll(async () => {
  await simulator?.stop();
});

const query = async (text: string, time = now): Promise<{ status: number; body: Record<string, unknown> }> => {
  const body = new URLSearchParams({ query: text, time: String(time) });
  const response = await fetch(`${simulator.url}/api/v1/query`, { method: 'POST', body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const valuesOf = async (text: string): Promise<readonly (readonly [number, string])[]> => {
  const { data } = (await query(text)).body as {
    data: { result: { values: [number, string][] }[] };
  };
  return data.result[0]?.values ?? [];
};

it('gives what was scraped on each side of a change', async () => {
  simulator.setGpu('local', 'ann--', 'idle');
  now += 100;
  simulator.setGpu('local', 'ann--', 'busy');
  now += 50;
  simulator.setGpu('local', 'ann--', 'silent');
  now += 50;
  const values = await valuesOf('DCGM_FI_DEV_GPU_UTIL[300s]');
  expect(values.map(([at]) => at)).toEqual(Array.from({ length: 15 }, (_, index) => 1_000_000 + index * 10));
  expect(values.slice(0, 10).every(([, value]) => value === '0')).toBe(true);
  expect(values.slice(10).every(([, value]) => Number(value) > 50)).toBe(true);
  expect(Number((await valuesOf('DCGM_FI_PROF_GR_ENGINE_ACTIVE[300s]')).at(-1)?.[1])).toBeLessThanOrEqual(1);
  expect((await valuesOf('DCGM_FI_DEV_GPU_UTIL[40s]')).length).toBe(0);
});

it('shows one series for each GPU of a pod', async () => {
  simulator.setGpu('local', 'two--', 'idle', 2);
  simulator.setGpu('local', 'two--', 'busy');
  now += 30;
  const { data } = (await query('DCGM_FI_DEV_GPU_UTIL[20s]')).body as { data: { result: unknown[] } };
  expect(data.result.length).toBe(2);
});

it.each(['up', 'rate(DCGM_FI_DEV_GPU_UTIL[5m])', 'DCGM_FI_DEV_GPU_UTIL', 'DCGM_FI_DEV_FB_USED[60s]', ''])(
  'refuses "%s" as Prometheus refuses bad data',
  async (text) => {
    expect(await query(text)).toMatchObject({ status: 400, body: { status: 'error', errorType: 'bad_data' } });
  },
);

it('changes a GPU by the form of its page', async () => {
  simulator.setGpu('local', '<b>--', 'busy');
  const page = await (await fetch(`${simulator.url}/`)).text();
  expect(page).toContain('&#60;b&#62;--');
  expect(page).not.toContain('<b>--');
  const body = new URLSearchParams({ namespace: 'local', pod: '<b>--', state: 'idle' });
  const answer = await fetch(`${simulator.url}/gpu`, { method: 'POST', body, redirect: 'manual' });
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  const pods = (await (await fetch(`${simulator.url}/gpus`)).json()) as { pod: string; state: string }[];
  expect(pods.find(({ pod }) => pod === '<b>--')).toMatchObject({ state: 'idle' });
  const wrong = await fetch(`${simulator.url}/gpu`, { method: 'POST', body: new URLSearchParams({ pod: 'x' }) });
  expect(wrong.status).toBe(400);
});
