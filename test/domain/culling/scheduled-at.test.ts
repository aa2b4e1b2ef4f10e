// Which pod is a session's.
import { expect, it } from 'vitest';
import { createScheduledAt } from '../../../src/domain/culling/scheduled-at.ts';
import { aPod, aWaitingPod } from '../builders.ts';

const at = (minute: number): Date => new Date(Date.UTC(2026, 10, 25, 8, minute));
const ann = { id: 's1', hubUsername: 'ann', serverName: '' };

it('goes by the session mark, so that the pod of the run before does not count', () => {
  const before = aPod({ sessionId: 's0', scheduledAt: at(1), ending: true });
  const now = aPod({ sessionId: 's1', scheduledAt: at(9) });
  expect(createScheduledAt([before, now])(ann)).toEqual(at(9));
  expect(createScheduledAt([before])(ann)).toBeNull();
});
it('goes by person and server where the mark is missing', () => {
  const pods = [
    aPod({ server: { hubUsername: 'Ann', serverName: '' }, scheduledAt: at(1) }),
    aPod({ server: { hubUsername: 'ann', serverName: 'two' }, scheduledAt: at(2) }),
    aPod({ name: 'jupyter-ann', server: { hubUsername: 'anna', serverName: '' }, scheduledAt: at(3) }),
  ];
  const scheduledAt = createScheduledAt(pods);
  expect(scheduledAt(ann)).toEqual(at(1));
  expect(scheduledAt({ ...ann, serverName: 'two' })).toEqual(at(2));
  expect(scheduledAt({ ...ann, hubUsername: 'an' })).toBeNull();
});
it('is unknown while the pod waits', () => {
  expect(createScheduledAt([aWaitingPod('', { sessionId: 's1' })])(ann)).toBeNull();
});
