// The badge of a GPU profile on the form: how many GPUs are free now, and how many people wait.
import type { PoolState } from '../../src/domain/profiles/free-gpus.ts';
import type { GpuRequest, Pool } from '../../src/domain/profiles/profile.ts';

export interface Badge {
  readonly text: string;
  /** Bootstrap's colour. */
  readonly look: 'success' | 'warning' | 'secondary';
}

/** null: nothing is known. Green only when this profile's GPUs can be had at once. */
export function freeBadge(gpu: GpuRequest, pool: Pool, state: PoolState | undefined): Badge | null {
  if (!state) return null;
  const waiting = state.waiting === 0 ? '' : `${state.waiting} waiting`;
  if (!state.gpus) return waiting === '' ? null : { text: waiting, look: 'warning' };
  const { free, total, largest } = state.gpus;
  const startsNow = gpu.count <= (largest ?? free);
  // A server's GPUs are those of one node: "3 of 8 free" is no help to one that needs four, or two on nodes with one each.
  const apart = free >= gpu.count && !startsNow ? 'on different nodes' : '';
  const numbers = `${free} of ${total} free now`;
  const queue = pool.capacity === null ? waiting : '';
  return {
    text: [numbers, apart, queue].filter((part) => part !== '').join(', '),
    look: startsNow ? 'success' : 'warning',
  };
}
