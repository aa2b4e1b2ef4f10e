// What every service gives the process that runs it, alone or with the others (all-in-one), and what it gets.
import type { RequestHandler } from 'express';
import type { Histogram } from 'prom-client';
import type { Config, Secrets } from '../config/config.ts';
import type { Db } from '../database/database.ts';
import type { ReadinessCheck } from '../http/ops-app.ts';
import type { ClusterView } from '../kubernetes/cluster-view.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface Service {
  readonly name: string;
  /** Served on the public port. */
  readonly publicHandler?: RequestHandler;
  /** Served on the internal port, below /internal/v1. */
  readonly internalHandler?: RequestHandler;
  readonly readiness: readonly ReadinessCheck[];
  /** Called once the ports are open: starts timers. Throws a sentence when the service cannot do its job. */
  readonly start: () => Promise<void>;
  /** Called while draining: ends timers and waits for what is under way. */
  readonly stop: () => Promise<void>;
}

/** What the process has opened before it makes its services. */
export interface ServiceEnvironment {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly db: Db;
  /** For locks and LISTEN, which need connections of their own. */
  readonly databaseUrl: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** null: no Kubernetes is configured, or none of the services looks at it. */
  readonly cluster: ClusterView | null;
  /** Labels `upstream`, `outcome`: for createHttpClient. */
  readonly upstreamDuration: Histogram<string>;
  /** Port of the internal server once it is open: all-in-one calls itself there. */
  readonly internalPort: () => number;
}

/** Not ready until the cluster was seen once: a Role that is missing shows at the deployment, and one that is narrowed later stops nobody. */
export const clusterReadiness = (cluster: ClusterView | null): readonly ReadinessCheck[] =>
  cluster ? [{ name: 'kubernetes', check: async () => cluster.missing() }] : [];
