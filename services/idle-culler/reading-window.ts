// Decides how far back GPU readings are read: as long as a policy needs, within what one answer of Prometheus can hold.
import type { IdlePolicy } from '../../src/domain/profiles/profile.ts';

/** 2 h at 30 s are 240 samples a GPU: 500 GPUs make 3 MB. */
export const LONGEST_WINDOW_SECONDS = 7200;
const DEFAULT_WINDOW_SECONDS = 1800;

/** Window of one session: the GPU window of its policy, else that of its idle rule. */
export function readingWindowOf(idle: IdlePolicy): number {
  return Math.min(idle.gpuIdleAfterSeconds ?? idle.idleAfterSeconds ?? DEFAULT_WINDOW_SECONDS, LONGEST_WINDOW_SECONDS);
}

/** Window of the one query for all; 0 when no session has a GPU. */
export function longestWindow(
  sessions: readonly {
    readonly gpuCount: number;
    readonly snapshot: { readonly profile: { readonly idle: IdlePolicy } };
  }[],
): number {
  const windows = sessions
    .filter(({ gpuCount }) => gpuCount > 0)
    .map(({ snapshot }) => readingWindowOf(snapshot.profile.idle));
  return Math.max(0, ...windows);
}

/** A GPU window that cannot be proven idle never stops anybody: said once at the start. */
export function describeTooLongWindow(slug: string, idle: IdlePolicy): string | null {
  if (idle.gpuIdleAfterSeconds === null || idle.gpuIdleAfterSeconds <= LONGEST_WINDOW_SECONDS) return null;
  return `profiles.${slug}.idle.gpuIdleAfter is longer than ${LONGEST_WINDOW_SECONDS / 3600} h, more than GPU readings are read back: the reason gpu_idle will never apply. Make it 2h or less, or null.`;
}
