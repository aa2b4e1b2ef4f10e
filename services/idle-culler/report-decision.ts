// One log line and one count for a decision, made from its value.
import type { Decision } from '../../src/domain/culling/decision.ts';
import type { GpuEvidence } from '../../src/domain/culling/gpu-state.ts';
import { currentRequestId } from '../../src/http/request-id.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import type { CullerMetrics, Mode } from './culler-metrics.ts';
import type { LookedAt } from './look-at-sessions.ts';

export interface Decided extends LookedAt {
  readonly decision: Decision;
}

const MESSAGES = {
  announce: 'stop announced',
  cancel: 'announced stop cancelled',
  stop: 'stop',
  gone: 'session ended: its server is gone',
  release: 'admission released: no server came of it',
} as const;

export function countDecision(metrics: CullerMetrics, { decision }: Decided, mode: Mode): void {
  metrics.decisions.inc({ kind: decision.kind, reason: decision.reason, mode });
}

/** `keep` and `wait` are in the summary of the cycle only. */
export function logDecision(logger: Logger, { session, facts, decision }: Decided, mode: Mode): void {
  if (decision.kind === 'keep' || decision.kind === 'wait') return;
  const fields = {
    session_id: session.id,
    hub_username: session.hubUsername,
    server: session.serverName,
    course_profile: session.courseProfileId,
    decision: decision.kind,
    reason: decision.reason,
    stop_at: decision.kind === 'announce' ? decision.stopAt : undefined,
    ended_at: 'endedAt' in decision ? decision.endedAt : undefined,
    requested_by: decision.reason === 'requested' ? facts.stopRequested?.by : undefined,
    gpu_state: facts.gpu.state,
    evidence: evidenceFields(facts.gpu.evidence),
    mode,
    request_id: currentRequestId(),
  };
  logger.info(fields, MESSAGES[decision.kind]);
}

const evidenceFields = ({ metric, seen, expected, peakPercent, windowSeconds }: GpuEvidence): object => ({
  metric,
  seen,
  expected,
  peak_percent: peakPercent,
  window_seconds: windowSeconds,
});
