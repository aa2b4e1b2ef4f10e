// Lists every metric of the services, out of the code that makes them.
import { createCourseProfilesMetrics } from '../services/course-profiles/course-profiles-metrics.ts';
import { createCullerMetrics } from '../services/idle-culler/culler-metrics.ts';
import { createSyncMetrics } from '../services/moodle-sync/sync-metrics.ts';
import { createBridgeMetrics } from '../services/oauth-bridge/bridge-metrics.ts';
import { createKubernetesMetrics, LISTS } from '../src/kubernetes/kubernetes-metrics.ts';
import { createHttpDuration, createUpstreamDuration } from '../src/telemetry/durations.ts';
import { createMetrics } from '../src/telemetry/metrics.ts';

export async function describeMetrics(): Promise<string> {
  const metrics = createMetrics('0.0.0');
  createHttpDuration(metrics);
  createUpstreamDuration(metrics);
  createCourseProfilesMetrics(metrics);
  createCullerMetrics(metrics, ['DCGM_FI_PROF_GR_ENGINE_ACTIVE', 'DCGM_FI_DEV_GPU_UTIL']);
  createSyncMetrics(metrics);
  createBridgeMetrics(metrics);
  createKubernetesMetrics(metrics, LISTS);
  const all = await metrics.registry.getMetricsAsJSON();
  const rows = all
    .filter(({ name }) => name.startsWith('coursehub_'))
    .sort((a, b) => a.name.localeCompare(b.name))
    .map((metric) => `| \`${metric.name}\` | ${metric.type} | ${labelsOf(metric)} | ${metric.help} |`);
  return `| name | type | labels | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

/** Names of the labels, with their values where the set is small and known from the start. */
function labelsOf(metric: {
  readonly values: readonly { readonly labels: Readonly<Record<string, unknown>> }[];
}): string {
  const values = new Map<string, Set<string>>();
  for (const { labels } of metric.values) {
    for (const [name, value] of Object.entries(labels))
      values.set(name, (values.get(name) ?? new Set()).add(String(value)));
  }
  return [...values].map(([name, known]) => `\`${name}\`: ${[...known].join(', ')}`).join('; ');
}
