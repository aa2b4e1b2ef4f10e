// Decides how far back GPU readings are read: as long as a policy needs, within what one answer of Prometheus can hold.
import type { IdlePolicy } from '../profiles/profile.ts';

/** 2 h at 30 s are 240 samples a GPU: 500 GPUs make 3 MB. The config refuses a longer `gpuIdleAfter`: it could never be proven. */
export const LONGEST_GPU_WINDOW_SECONDS = 7200;
const DEFAULT_WINDOW_SECONDS = 1800;

/** Window of one session: the GPU window of its policy, else that of its idle rule. */
export function gpuWindowOf(idle: IdlePolicy): number {
  return Math.min(
    idle.gpuIdleAfterSeconds ?? idle.idleAfterSeconds ?? DEFAULT_WINDOW_SECONDS,
    LONGEST_GPU_WINDOW_SECONDS,
  );
}

/** Window of the one query for all; 0 when no session has a GPU. */
export function longestGpuWindow(
  sessions: readonly {
    readonly gpuCount: number;
    readonly snapshot: { readonly profile: { readonly idle: IdlePolicy } };
  }[],
): number {
  const windows = sessions
    .filter(({ gpuCount }) => gpuCount > 0)
    .map(({ snapshot }) => gpuWindowOf(snapshot.profile.idle));
  return Math.max(0, ...windows);
}
