// The life of a process: open the ports, start the services, serve, and on SIGTERM drain and end within 10 s.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import { createOpsApp } from '../http/ops-app.ts';
import { requestId } from '../http/request-id.ts';
import { requestMetrics } from '../http/request-metrics.ts';
import { createHttpDuration } from '../telemetry/durations.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Service } from './service.ts';

export interface ProcessOptions {
  readonly services: readonly Service[];
  readonly listen: {
    readonly host: string;
    readonly publicPort: number;
    readonly internalPort: number;
    readonly opsPort: number;
  };
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** How long to serve on after readiness went false, until no balancer sends new requests (bridge-hosts.md 6). */
  readonly drainSeconds: number;
}

export interface RunningProcess {
  readonly ports: { readonly public: number | null; readonly internal: number | null; readonly ops: number };
  /** Drains and closes everything; safe to call twice. */
  readonly stop: () => Promise<void>;
}

/** Opens only the ports that a service uses; ops always. Throws when a port is taken or a service refuses to start. */
export async function runProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { services, listen, logger, metrics } = options;
  let draining = false;
  let stopping: Promise<void> | null = null;
  const duration = createHttpDuration(metrics);
  const servers: Server[] = [];
  const open = async (app: Express, port: number): Promise<number> => {
    const server = createServer(app);
    servers.push(server);
    return listenOn(server, listen.host, port);
  };

  const stop = async (): Promise<void> => {
    draining = true;
    logger.info('draining');
    await new Promise((resolve) => setTimeout(resolve, options.drainSeconds * 1000));
    await Promise.all(services.map((service) => service.stop()));
    await Promise.all(servers.map(closeServer));
    logger.info('stopped');
  };

  const mount = (prefix: string, handlers: readonly express.RequestHandler[]): Express => {
    const app = express();
    app.disable('x-powered-by');
    app.use(requestId, requestMetrics(duration));
    for (const handler of handlers) app.use(prefix, handler);
    return app;
  };
  const publicHandlers = services.flatMap((service) => service.publicHandler ?? []);
  const internalHandlers = services.flatMap((service) => service.internalHandler ?? []);

  try {
    const ops = await open(
      createOpsApp({
        registry: metrics.registry,
        checks: services.flatMap((service) => service.readiness),
        isDraining: () => draining,
      }),
      listen.opsPort,
    );
    const internalPort =
      internalHandlers.length > 0 ? await open(mount('/internal/v1', internalHandlers), listen.internalPort) : null;
    const publicPort = publicHandlers.length > 0 ? await open(mount('/', publicHandlers), listen.publicPort) : null;
    for (const service of services) await service.start();
    const ports = { public: publicPort, internal: internalPort, ops };
    logger.info({ ports, services: services.map((service) => service.name) }, 'started');
    return {
      ports,
      stop: () => {
        stopping ??= stop();
        return stopping;
      },
    };
  } catch (error) {
    await Promise.all(services.map((service) => service.stop().catch(() => undefined)));
    await Promise.all(servers.map(closeServer));
    throw error;
  }
}

function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(
              `port ${port} of ${host} is taken by another program: end that one, or choose another port under "listen" in the configuration`,
            )
          : error,
      ),
    );
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    // A client that holds its connection must not hold the process: 10 s are all a stop may take.
    setTimeout(() => server.closeAllConnections(), 3000).unref();
  });
}
