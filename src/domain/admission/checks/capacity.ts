// Check: a pool that has a capacity has enough GPUs left; one without lets Kubernetes queue (design 1, pool).
import { type CourseFacts, type Denial, deny } from '../admission.ts';

export function checkCapacity({ courseProfile, pool, inUse }: CourseFacts): Denial | null {
  const gpu = courseProfile.profile.gpu;
  if (!gpu || !pool || pool.capacity === null) return null;
  const free = Math.max(0, pool.capacity - inUse.poolGpus);
  if (gpu.count <= free) return null;
  const state =
    free === 0
      ? `All ${pool.capacity} GPUs (${pool.title}) are taken`
      : `Only ${free} of ${pool.capacity} GPUs (${pool.title}) are free and this needs ${gpu.count}`;
  return deny(
    'pool_full',
    `${state}. GPUs that nobody uses come back by themselves: try again in a few minutes, or choose another profile.`,
  );
}
