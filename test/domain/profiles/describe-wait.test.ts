// What a person reads while their server waits.
import { expect, it } from 'vitest';
import { describeWaits } from '../../../src/domain/profiles/describe-wait.ts';
import { aPod, aWaitingPod } from '../builders.ts';

const NOW = new Date('2026-11-25T08:10:00Z');
const of = (user: string, ...pods: Parameters<typeof describeWaits>[0]): readonly string[] =>
  describeWaits(pods, user, NOW, 'Europe/Berlin');
const FULL =
  '0/2 nodes are available: 2 Insufficient nvidia.com/gpu. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.';

it('says since when and why, in the words of the scheduler up to where they help', () => {
  expect(of('ann', aWaitingPod(FULL))).toEqual([
    'Your server has been waiting since 09:00 and starts by itself as soon as there is room. The cluster says: 0/2 nodes are available: 2 Insufficient nvidia.com/gpu.',
  ]);
});
it('says nothing to anybody else, however alike the names are', () => {
  const pods = [aWaitingPod(FULL, { name: 'jupyter-anna', server: { hubUsername: 'anna', serverName: '' } })];
  expect(of('ann', ...pods)).toEqual([]);
  expect(of('Anna', ...pods)).toHaveLength(1);
  expect(of('ann', aWaitingPod(FULL, { name: 'jupyter-ann', server: null }))).toEqual([]);
});
it('names a named server, the oldest first, and leaves out what ends or runs', () => {
  const two = aWaitingPod(FULL, { server: { hubUsername: 'ann', serverName: 'two' }, createdAt: new Date(0) });
  const sentences = of('ann', aWaitingPod(FULL), two, aPod(), aWaitingPod(FULL, { ending: true }));
  expect(sentences).toHaveLength(2);
  expect(sentences[0]).toContain('Your server “two” has been waiting');
});
it('tells of an image that cannot be fetched', () => {
  const pod = aPod({ wait: { kind: 'image', message: 'Back-off pulling image "r.test/x:1"', since: NOW } });
  expect(of('ann', pod)[0]).toContain(
    'its image cannot be fetched since 09:10. The cluster says: Back-off pulling image "r.test/x:1".',
  );
});
