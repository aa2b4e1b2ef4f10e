// Why the last session ended, as the next form says it.
import { expect, it } from 'vitest';
import { DECISION_REASONS } from '../../../src/domain/culling/decision.ts';
import { describeEnd } from '../../../src/domain/culling/describe-end.ts';

const now = new Date('2026-11-24T13:30:00Z');
const ended = (endReason: string): string | null =>
  describeEnd(
    {
      endReason,
      endedAt: new Date('2026-11-24T13:05:00Z'),
      profileTitle: '1 GPU',
      courseShortname: 'DL202',
      idleAfterSeconds: 3600,
      gpuIdleAfterSeconds: 1800,
      unknownLimitSeconds: 21_600,
      sessionLimitSeconds: null,
    },
    now,
    'Europe/Berlin',
  );

it('names the time, the cause and its length', () => {
  expect(ended('gpu_idle')).toBe(
    'Your last session (1 GPU in DL202) was stopped at 14:05: its GPU was idle for 30 min. An open tab does not count as use of the GPU.',
  );
});

it('has a sentence for every reason that the culler writes', () => {
  for (const reason of [...DECISION_REASONS.gone, ...DECISION_REASONS.release])
    expect(ended(reason), reason).toMatch(/stopped at 14:05: .+\.$/);
});

it('says nothing about an end that the person made', () => {
  expect(ended('server_stopped')).toBeNull();
  expect(ended('replaced')).toBeNull();
});
