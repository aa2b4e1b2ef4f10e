// What the cluster bench says of its runs.
import { expect, it } from 'vitest';
import { median, type RunFigures, summarise } from '../../bench/cluster/summary.ts';

const run = (wallSeconds: number): RunFigures => ({
  wallSeconds,
  hubCpuSeconds: 10,
  proxyCpuSeconds: 1,
  coursehubCpuSeconds: 4,
  databaseCpuSeconds: 1,
  controlPlaneCpuSeconds: 20,
  elsewhereCpuSeconds: 0,
  machineBusyShare: 0.5,
});

it('takes the median of the pairs, not the pair of the medians', () => {
  const pairs = [
    { with: run(11), without: run(10) },
    { with: run(60), without: run(30) },
    { with: run(21), without: run(20) },
  ];
  expect(summarise(pairs)).toMatchObject({
    bench: 'cluster',
    ratio: 1.1,
    ratios: [1.1, 2, 1.05],
    with: { wallSeconds: 21 },
    without: { wallSeconds: 20 },
  });
});

it('finds the middle of odd and even numbers of values', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([7])).toBe(7);
  expect(median([])).toBeNaN();
});
