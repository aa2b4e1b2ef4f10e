// Reason: course staff or an operator asked for the stop. At once.
import type { StopRule } from './stop-rule.ts';

export const requested: StopRule = {
  reason: 'requested',
  holds: ({ stopRequested }) => stopRequested !== null,
  graceSeconds: () => 0,
};
