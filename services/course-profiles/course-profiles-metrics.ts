// The metrics of course-profiles: every decision by kind and reason.
import type { Counter } from 'prom-client';
import { DENY_REASONS } from '../../src/domain/admission/admission.ts';
import type { Metrics } from '../../src/telemetry/metrics.ts';

export interface CourseProfilesMetrics {
  /** `stage`: form post (`check`) or binding (`admission`). */
  readonly decisions: Counter<'stage' | 'decision' | 'reason'>;
  readonly forms: Counter<'outcome'>;
  readonly sessionsEnded: Counter<'outcome'>;
}

export function createCourseProfilesMetrics(metrics: Metrics): CourseProfilesMetrics {
  const decisions = metrics.counter(
    'coursehub_admission_decisions_total',
    'Answers to "may this person start this course profile now".',
    { stage: [], decision: [], reason: [] },
  );
  for (const stage of ['check', 'admission']) {
    decisions.inc({ stage, decision: 'admit', reason: 'admitted' }, 0);
    for (const reason of DENY_REASONS) decisions.inc({ stage, decision: 'deny', reason }, 0);
  }
  return {
    decisions,
    forms: metrics.counter('coursehub_forms_rendered_total', 'Start forms.', {
      outcome: ['offers', 'nothing', 'unknown_person'],
    }),
    sessionsEnded: metrics.counter('coursehub_sessions_ended_by_hub_total', 'Ends that the hub reported.', {
      outcome: ['ended', 'no_open_session'],
    }),
  };
}
