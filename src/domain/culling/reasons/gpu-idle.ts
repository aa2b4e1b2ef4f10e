// Reason: the GPU was idle for the whole window, whatever tabs are open.
import { profileGrace, type StopRule } from './stop-rule.ts';

export const gpuIdle: StopRule = {
  reason: 'gpu_idle',
  holds: ({ session, gpu }) => {
    const window = session.idle.gpuIdleAfterSeconds;
    // The evidence is clamped to the start: a young session has a shorter one.
    return window !== null && gpu.state === 'idle' && gpu.evidence.windowSeconds >= window;
  },
  graceSeconds: profileGrace,
};
