// A view of a fake cluster, with its log and metrics.
import { type ClusterView, openClusterView } from '../../src/kubernetes/cluster-view.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import type { FakeApiserver } from './fake-apiserver.ts';

export interface ViewBench extends ClusterView {
  readonly log: readonly Record<string, unknown>[];
  readonly metric: (name: string, labels: Readonly<Record<string, string>>) => Promise<number | undefined>;
}

export function openBenchView(
  api: FakeApiserver,
  change: { readonly nodes?: boolean; readonly otherPods?: boolean; readonly kubeconfigFile?: string } = {},
): ViewBench {
  const log: Record<string, unknown>[] = [];
  const metrics = createMetrics('test');
  const view = openClusterView({
    kubeconfigFile: api.kubeconfig(),
    namespace: 'campus',
    podSelector: 'component=singleuser-server',
    nodes: false,
    otherPods: false,
    requestTimeoutSeconds: 5,
    logger: createLogger(
      { service: 'test', level: 'info', personalNames: true },
      { write: (text: string) => void log.push(JSON.parse(text)) },
    ),
    metrics,
    ...change,
  });
  return {
    ...view,
    log,
    async metric(name, labels) {
      const found = (await metrics.registry.getMetricsAsJSON()).find((each) => each.name === name);
      const value = found?.values.find((each) =>
        Object.entries(labels).every(([key, wanted]) => each.labels[key as keyof typeof each.labels] === wanted),
      );
      return value?.value;
    },
  };
}
