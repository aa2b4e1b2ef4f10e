// (7) Every service's metrics show all that happened.
import type { Campus } from '../campus.ts';
import type { Report } from './report.ts';

type Labels = Readonly<Record<string, string>>;

/** What the scenario must have left behind: at least this much. */
const EXPECTED: readonly (readonly [string, Labels, number])[] = [
  ['coursehub_signin_total', { outcome: 'signed_in' }, 9],
  ['coursehub_admission_decisions_total', { stage: 'admission', decision: 'admit', reason: 'admitted' }, 5],
  ['coursehub_admission_decisions_total', { stage: 'check', decision: 'deny', reason: 'course_profile_unknown' }, 1],
  ['coursehub_culler_stops_total', { reason: 'gpu_idle' }, 1],
  ['coursehub_culler_stops_total', { reason: 'idle' }, 1],
  ['coursehub_culler_stops_total', { reason: 'enrolment_ended' }, 1],
  ['coursehub_culler_cycles_total', { outcome: 'done' }, 5],
  ['coursehub_sync_runs_total', { outcome: 'done' }, 1],
  ['coursehub_sync_changes_total', { kind: 'enrolment_removed' }, 1],
];

export async function checkMetrics(campus: Campus, report: Report): Promise<void> {
  for (const [name, labels, least] of EXPECTED) {
    await report.step(`${name} ${JSON.stringify(labels)} >= ${least}`, async () => {
      const value = await readMetric(campus, name, labels);
      if (!(value >= least)) throw new Error(`expected at least ${least}, came ${value}`);
    });
  }
}

/** Sum over all series of the metric that have these labels; NaN when there is none. */
export async function readMetric(campus: Campus, name: string, labels: Labels): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${campus.addresses.ports.ops}/metrics`)).text();
  const values = text.split('\n').flatMap((line) => {
    const match = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match?.[1] !== name) return [];
    const fits = Object.entries(labels).every(([label, value]) =>
      (match[2] ?? '').split(',').includes(`${label}="${value}"`),
    );
    return fits ? [Number(match[3])] : [];
  });
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0);
}
