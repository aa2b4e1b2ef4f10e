// Starts services in this process on free ports, with a database and a configuration of the test's own.
import type { ServiceName } from '../../src/config/config.ts';
import { resolveConfig } from '../../src/config/load-config.ts';
import type { Environment } from '../../src/config/secrets.ts';
import type { RunningProcess } from '../../src/runtime/run-process.ts';
import type { Service, ServiceEnvironment } from '../../src/runtime/service.ts';
import { startServices } from '../../src/runtime/start-process.ts';
import { createLogger, type Logger } from '../../src/telemetry/logger.ts';
import { TEST_ENVIRONMENT } from './test-config.ts';

export interface TestServices extends RunningProcess {
  readonly internalUrl: string;
  readonly publicUrl: string;
  readonly opsUrl: string;
  /** Lines of the log so far, parsed. */
  readonly log: readonly Record<string, unknown>[];
}

export interface TestServicesOptions {
  readonly name: string;
  readonly services: readonly ServiceName[];
  readonly create: (environment: ServiceEnvironment) => readonly Service[];
  readonly configText: string;
  readonly databaseUrl: string;
  readonly env?: Environment;
}

export async function startTestServices(options: TestServicesOptions): Promise<TestServices> {
  const log: Record<string, unknown>[] = [];
  const logger: Logger = createLogger(
    { service: options.name, level: 'debug', personalNames: true },
    { write: (line: string) => void log.push(JSON.parse(line)) },
  );
  const loaded = resolveConfig(
    options.configText,
    { ...TEST_ENVIRONMENT, ...options.env, DATABASE_URL: options.databaseUrl },
    options.services,
  );
  const running = await startServices(
    { name: options.name, services: options.services, create: options.create },
    loaded,
    logger,
  );
  const at = (port: number | null): string => `http://127.0.0.1:${port ?? 0}`;
  return {
    ...running,
    internalUrl: `${at(running.ports.internal)}/internal/v1`,
    publicUrl: at(running.ports.public),
    opsUrl: at(running.ports.ops),
    log,
  };
}
