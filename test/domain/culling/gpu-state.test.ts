// The boundaries of busy, idle and unknown.
import { describe, expect, it } from 'vitest';
import { classifyGpu, type GpuFacts, type GpuSample } from '../../../src/domain/culling/gpu-state.ts';

const NOW = new Date('2026-11-25T12:00:00Z');
const ago = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1000);

/** One sample each 30 s, newest first at `newest` seconds ago. */
const every30 = (count: number, percent = 0, gpu = 'a', newest = 0): GpuSample[] =>
  Array.from({ length: count }, (_, index) => ({ gpu, at: ago(newest + index * 30), percent }));

const facts = (change: Partial<GpuFacts> = {}): GpuFacts => ({
  gpuCount: 1,
  metric: 'DCGM_FI_DEV_GPU_UTIL',
  samples: every30(60),
  now: NOW,
  startedAt: ago(7200),
  windowSeconds: 1800,
  expectedIntervalSeconds: 30,
  thresholdPercent: 2,
  ...change,
});

describe('classifyGpu', () => {
  it.each<[string, Partial<GpuFacts>, string]>([
    ['no GPU', { gpuCount: 0, samples: [] }, 'none'],
    ['no GPU, but readings of its pod', { gpuCount: 0, samples: every30(60, 90) }, 'none'],
    ['nothing read', { samples: [] }, 'unknown'],
    ['all samples idle', {}, 'idle'],
    ['at the threshold', { samples: every30(60, 2) }, 'idle'],
    ['above the threshold once', { samples: [...every30(59), { gpu: 'a', at: ago(1790), percent: 2.1 }] }, 'busy'],
    ['busy, and most samples missing', { samples: every30(1, 50, 'a', 900) }, 'busy'],
    ['busy just before the window', { samples: [...every30(60), { gpu: 'a', at: ago(1801), percent: 90 }] }, 'idle'],
    ['exactly 80 % of the samples', { samples: every30(48) }, 'idle'],
    ['one less than 80 %', { samples: every30(47) }, 'unknown'],
    ['newest 90 s old', { samples: every30(57, 0, 'a', 90) }, 'idle'],
    ['newest 91 s old', { samples: every30(57, 0, 'a', 91) }, 'unknown'],
    ['NaN only', { samples: every30(60, Number.NaN) }, 'unknown'],
    ['+Inf only', { samples: every30(60, Number.POSITIVE_INFINITY) }, 'unknown'],
    ['negative only', { samples: every30(60, -1) }, 'unknown'],
    ["DCGM's sentinel only", { samples: every30(60, 9.223372036854775e18) }, 'unknown'],
    ['sentinels among idle samples', { samples: [...every30(58), ...every30(2, 9.2e18, 'a', 1740)] }, 'idle'],
    ['start not known', { startedAt: null }, 'unknown'],
    [
      'busy before the start only (pod name used again)',
      { startedAt: ago(600), samples: [...every30(20), ...every30(40, 90, 'a', 601)] },
      'idle',
    ],
    ['just started', { startedAt: ago(60), samples: every30(2) }, 'unknown'],
    ['samples from the future', { samples: every30(60, 0, 'a', -3600) }, 'unknown'],
    ['two GPUs, both idle', { gpuCount: 2, samples: [...every30(60), ...every30(60, 0, 'b')] }, 'idle'],
    ['two GPUs, one busy', { gpuCount: 2, samples: [...every30(60), ...every30(60, 80, 'b')] }, 'busy'],
    ['two GPUs, one not shown', { gpuCount: 2, samples: every30(60) }, 'unknown'],
    ['two GPUs, one with gaps', { gpuCount: 2, samples: [...every30(60), ...every30(40, 0, 'b')] }, 'unknown'],
    ['replicas of Prometheus do not fill a gap', { samples: [...every30(40), ...every30(40, 0, 'a', 7)] }, 'unknown'],
    [
      'scrapes with jitter',
      { samples: every30(60).map((each, i) => ({ ...each, at: new Date(each.at.getTime() - (i % 2) * 6000) })) },
      'idle',
    ],
  ])('%s: %s', (_name, change, state) => {
    expect(classifyGpu(facts(change)).state).toBe(state);
  });

  it('gives the evidence, clamped to the start', () => {
    expect(classifyGpu(facts({ startedAt: ago(600), samples: every30(60, 1.5) })).evidence).toEqual({
      metric: 'DCGM_FI_DEV_GPU_UTIL',
      seen: 20,
      expected: 20,
      peakPercent: 1.5,
      windowSeconds: 600,
    });
  });
});
