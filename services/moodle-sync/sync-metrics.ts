// The metrics of moodle-sync.
import type { Counter, Gauge, Histogram } from 'prom-client';
import type { AccountChanges } from '../../src/database/accounts.ts';
import type { RosterPlan } from '../../src/domain/sync/plan-roster.ts';
import { DURATION_BUCKETS, type Metrics } from '../../src/telemetry/metrics.ts';

const CHANGE_KINDS = [
  'person_added',
  'person_renamed',
  'person_suspended',
  'person_unsuspended',
  'person_deleted',
  'course_added',
  'course_returned',
  'course_vanished',
  'enrolment_added',
  'enrolment_removed',
  'enrolment_activated',
  'enrolment_deactivated',
  'role_changed',
  'group_changed',
  'group_added',
  'group_renamed',
  'group_removed',
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];
/** How often each kind of change happened; absent = never. */
export type ChangeCounts = Partial<Record<ChangeKind, number>>;

export interface SyncMetrics {
  readonly runs: Counter<'outcome'>;
  readonly lastSuccess: Gauge;
  readonly runDuration: Histogram<string>;
  readonly changes: Counter<'kind'>;
  readonly coursesHeld: Gauge;
  readonly persons: Counter<'outcome'>;
  readonly unmappedRoles: Gauge;
  readonly moodleReachable: Gauge;
}

export function createSyncMetrics(metrics: Metrics): SyncMetrics {
  return {
    runs: metrics.counter('coursehub_sync_runs_total', 'Runs over the whole site.', {
      outcome: ['done', 'partial', 'failed'],
    }),
    lastSuccess: metrics.gauge(
      'coursehub_sync_last_success_timestamp_seconds',
      'End of the last run over the whole site that read every roster (done or partial); 0 = none yet.',
      {},
    ),
    runDuration: metrics.histogram(
      'coursehub_sync_run_duration_seconds',
      'Runs over the whole site.',
      [],
      [...DURATION_BUCKETS, 60, 180, 600],
    ),
    changes: metrics.counter('coursehub_sync_changes_total', 'Changes of the stored roster.', { kind: CHANGE_KINDS }),
    coursesHeld: metrics.gauge(
      'coursehub_sync_courses_held',
      'Courses that keep their old roster because the new one looks cut short.',
      {},
    ),
    persons: metrics.counter('coursehub_sync_person_total', 'Refreshes of one person.', {
      outcome: ['fresh', 'recent', 'stale'],
    }),
    unmappedRoles: metrics.gauge(
      'coursehub_sync_unmapped_roles',
      'Moodle roles in use that the configuration does not map.',
      {},
    ),
    moodleReachable: metrics.gauge(
      'coursehub_sync_moodle_reachable',
      '1 while the web services of Moodle answered at the last try.',
      {},
    ),
  };
}

export function accountChanges(changes: AccountChanges): ChangeCounts {
  return {
    person_added: changes.added,
    person_renamed: changes.renamed,
    person_suspended: changes.suspended,
    person_unsuspended: changes.unsuspended,
    person_deleted: changes.deleted,
  };
}

export function rosterChanges({ enrolments, groups }: RosterPlan): ChangeCounts {
  const count = (kind: (typeof enrolments.change)[number]['kinds'][number]): number =>
    enrolments.change.filter((change) => change.kinds.includes(kind)).length;
  return {
    enrolment_added: enrolments.add.length,
    enrolment_removed: enrolments.remove.length,
    enrolment_activated: count('activated'),
    enrolment_deactivated: count('deactivated'),
    role_changed: count('role_changed'),
    group_changed: count('groups_changed'),
    group_added: groups.add.length,
    group_renamed: groups.rename.length,
    group_removed: groups.remove.length,
  };
}

export function countChanges(metrics: SyncMetrics, changes: ChangeCounts): void {
  for (const [kind, number] of Object.entries(changes)) if (number > 0) metrics.changes.inc({ kind }, number);
}
