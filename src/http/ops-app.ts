// The ops port: /metrics, /healthz (alive), /readyz (can do its job, says what is missing).
import express, { type Express } from 'express';
import type { Registry } from 'prom-client';

/** One thing that the service needs; `check` gives null when it is there, else a sentence. */
export interface ReadinessCheck {
  readonly name: string;
  readonly check: () => Promise<string | null>;
}

export interface OpsOptions {
  readonly registry: Registry;
  readonly checks: readonly ReadinessCheck[];
  /** True while the process drains: it answers, but wants no new traffic. */
  readonly isDraining: () => boolean;
}

export function createOpsApp(options: OpsOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/healthz', (_req, res) => {
    res.json({ status: 'alive' });
  });
  app.get('/readyz', async (_req, res) => {
    const missing = options.isDraining() ? { shutdown: 'the process is ending' } : await findMissing(options.checks);
    const ready = Object.keys(missing).length === 0;
    res.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not ready', missing });
  });
  app.get('/metrics', async (_req, res) => {
    res.type(options.registry.contentType).send(await options.registry.metrics());
  });
  return app;
}

async function findMissing(checks: readonly ReadinessCheck[]): Promise<Record<string, string>> {
  const answers = await Promise.all(
    checks.map(async ({ name, check }) => [name, await withinTwoSeconds(check())] as const),
  );
  return Object.fromEntries(answers.flatMap(([name, answer]) => (answer === null ? [] : [[name, answer]])));
}

async function withinTwoSeconds(answer: Promise<string | null>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('does not answer within 2 seconds'), 2000);
  });
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    return error instanceof Error ? error.message : 'failed';
  } finally {
    clearTimeout(timer);
  }
}
