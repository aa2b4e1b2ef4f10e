// The main of every command: arguments, configuration, database, services, signals.
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Histogram } from 'prom-client';
import type { ServiceName } from '../config/config.ts';
import { ConfigError, type LoadedConfig, loadConfig } from '../config/load-config.ts';
import type { Environment } from '../config/secrets.ts';
import { openDatabase } from '../database/database.ts';
import { findPoolingFault } from '../database/leader-lock.ts';
import { migrateToLatest } from '../database/migrate.ts';
import type { ClusterView } from '../kubernetes/cluster-view.ts';
import { createUpstreamDuration } from '../telemetry/durations.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { VERSION } from '../telemetry/version.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { type RunningProcess, runProcess } from './run-process.ts';
import type { Service, ServiceEnvironment } from './service.ts';

export interface Command {
  /** `oauth-bridge` … or `all-in-one`. */
  readonly name: string;
  readonly services: readonly ServiceName[];
  readonly create: (environment: ServiceEnvironment) => readonly Service[];
}

const USAGE = (name: string): string => `usage: ${name} --config FILE [--check-config]`;

/** Ends the process with code 1 and sentences on standard error when it cannot start; with 0 after SIGTERM or SIGINT. */
export async function startCommand(command: Command, argv: readonly string[], env: Environment): Promise<void> {
  let loaded: LoadedConfig;
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { config: { type: 'string' }, 'check-config': { type: 'boolean' } },
    });
    if (!values.config) throw new ConfigError([`no configuration file is given; ${USAGE(command.name)}`]);
    loaded = loadConfig(path.resolve(values.config), env, command.services);
    if (values['check-config']) {
      process.stdout.write(
        `The configuration is good.${loaded.warnings.map((warning) => `\n  note: ${warning}`).join('')}\n`,
      );
      return;
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof ConfigError ? 1 : 2;
    return;
  }
  const logger = createLogger({ service: command.name, ...loaded.config.logging });
  for (const warning of loaded.warnings) logger.warn({ warning }, 'configuration warning');
  // Set before the start: the first process of a container ignores signals that it has no handler for.
  let running: RunningProcess | null = null;
  const end = (signal: string): void => {
    logger.info({ signal }, 'signal');
    if (running) void running.stop().then(() => process.exit(0));
    else process.exit(0);
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  try {
    running = await startServices(command, loaded, logger);
  } catch (error) {
    logger.fatal({ err: error }, 'the start failed');
    process.stderr.write(`${command.name} cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}

/** As startCommand without arguments, signals and exits: what tests and the demo start. */
export async function startServices(command: Command, loaded: LoadedConfig, logger: Logger): Promise<RunningProcess> {
  const { config, secrets } = loaded;
  const embedded =
    secrets.databaseUrl === null
      ? await startEmbeddedPostgres({ directory: path.resolve('.coursehub/postgres') })
      : null;
  const databaseUrl = secrets.databaseUrl ?? embedded?.url ?? '';
  const db = openDatabase(
    { url: databaseUrl, maxConnections: config.database.maxConnections, applicationName: `coursehub ${command.name}` },
    (error) => logger.warn({ err: error }, 'a database connection broke'),
  );
  let cluster: ClusterView | null = null;
  const release = async (): Promise<void> => {
    await cluster?.stop();
    await db.destroy();
    await embedded?.stop();
  };
  try {
    const fault = await findPoolingFault(databaseUrl).catch((error: unknown) => {
      throw new Error(
        `PostgreSQL cannot be used (${describeDatabaseError(error)}): is DATABASE_URL right, and is the server up?`,
      );
    });
    if (fault) throw new Error(fault);
    const migrations = await migrateToLatest(db);
    if (migrations.length > 0) logger.info({ migrations }, 'the database schema was brought up to date');
    const metrics = createMetrics(VERSION);
    const upstreamDuration = createUpstreamDuration(metrics);
    cluster = await openCluster(command, loaded, logger, metrics, upstreamDuration);
    let running: RunningProcess | null = null;
    const internalPort = (): number => running?.ports.internal ?? config.listen.internalPort;
    const services = command.create({
      config,
      secrets,
      db,
      databaseUrl,
      logger,
      metrics,
      cluster,
      upstreamDuration,
      internalPort,
    });
    running = await runProcess({
      services,
      listen: config.listen,
      logger,
      metrics,
      drainSeconds: config.listen.drainSeconds,
    });
    const { ports, stop } = running;
    return { ports, stop: () => stop().then(release) };
  } catch (error) {
    await release().catch(() => undefined);
    throw error;
  }
}

/** What PostgreSQL or the network said; never the address, which holds the password. */
function describeDatabaseError(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describeDatabaseError).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** Loaded only where it is used: the client of Kubernetes takes 60 MB of memory. */
async function openCluster(
  { services }: Command,
  { config, secrets }: LoadedConfig,
  logger: Logger,
  metrics: Metrics,
  duration: Histogram<string>,
): Promise<ClusterView | null> {
  const forms = services.includes('course-profiles');
  if (!config.kubernetes || !(forms || services.includes('idle-culler'))) return null;
  const { openClusterView } = await import('../kubernetes/cluster-view.ts');
  return openClusterView({
    ...config.kubernetes,
    // The culler looks at pods only.
    nodes: config.kubernetes.nodes && forms,
    otherPods: config.kubernetes.otherPods && forms,
    kubeconfigFile: secrets.kubeconfigFile,
    logger,
    metrics,
    duration,
  });
}
