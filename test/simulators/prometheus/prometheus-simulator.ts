// A simulated Prometheus that scrapes simulated GPUs: for tests, and for the demo, where its page makes a GPU busy, idle or silent.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express, type Response } from 'express';
import { answerQuery, type LabelForm } from './answer-query.ts';
import {
  createGpuHistory,
  GPU_BEHAVIOURS,
  type GpuBehaviour,
  type GpuHistory,
  type SimulatedPod,
} from './gpu-history.ts';
import { gpuPage } from './gpu-page.ts';

export type PrometheusFault = 'down' | '503' | 'html' | 'slow' | 'garbage' | 'warnings' | 'huge';

export interface PrometheusSimulatorOptions {
  readonly scrapeIntervalSeconds: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  /** Seconds since 1970; default the system's clock. */
  readonly now?: () => number;
}

export interface PrometheusSimulator {
  readonly url: string;
  readonly port: number;
  /** The pod's GPUs behave so from now on. `gpus`: how many it has; kept when not given, 1 at first. */
  readonly setGpu: (namespace: string, pod: string, state: GpuBehaviour, gpus?: number) => void;
  readonly gpus: () => readonly SimulatedPod[];
  /** How the exporter's labels arrive: honorLabels true (`plain`) or false (`exported`). */
  labels: LabelForm;
  /** null: it works. */
  fault: PrometheusFault | null;
  /** Queries so far, in order. */
  readonly queries: readonly string[];
  readonly stop: () => Promise<void>;
}

/** Rejects when the address is taken. */
export async function startPrometheusSimulator(options: PrometheusSimulatorOptions): Promise<PrometheusSimulator> {
  const { scrapeIntervalSeconds, host = '127.0.0.1', port = 0, now = () => Date.now() / 1000 } = options;
  const history = createGpuHistory(scrapeIntervalSeconds, now);
  const queries: string[] = [];
  const setGpu: PrometheusSimulator['setGpu'] = (namespace, pod, state, gpus) => {
    const known = history.pods().find((each) => each.namespace === namespace && each.pod === pod);
    history.set(namespace, pod, state, gpus ?? known?.gpus ?? 1);
  };
  const state = { labels: 'plain' as LabelForm, fault: null as PrometheusFault | null };
  const app = express();
  app.disable('x-powered-by');
  app.use(express.text({ type: 'application/x-www-form-urlencoded' }));
  app.post('/api/v1/query', (request, response) => {
    const form = new URLSearchParams(String(request.body ?? ''));
    queries.push(form.get('query') ?? '');
    if (state.fault !== null) return answerWrong(response, state.fault);
    const answer = answerQuery(history, state.labels, form);
    response.status(answer.status).json(answer.body);
  });
  addPages(app, history, setGpu);
  const server = createServer(app);
  const listening = await listenOn(server, port, host);
  return Object.assign(state, {
    url: `http://${host}:${listening}`,
    port: listening,
    setGpu,
    gpus: history.pods,
    queries,
    stop: () => close(server),
  });
}

function addPages(app: Express, history: GpuHistory, setGpu: PrometheusSimulator['setGpu']): void {
  app.get('/', (_request, response) => {
    response.set('Cache-Control', 'no-store').type('html').send(gpuPage(history.pods()));
  });
  app.get('/gpus', (_request, response) => {
    response.json(history.pods());
  });
  app.post('/gpu', (request, response) => {
    const form = new URLSearchParams(String(request.body ?? ''));
    const [namespace, pod, wanted] = [form.get('namespace'), form.get('pod'), form.get('state')];
    const state = GPU_BEHAVIOURS.find((behaviour) => behaviour === wanted);
    if (!namespace || !pod || !state) {
      response
        .status(400)
        .type('text')
        .send(`Send namespace, pod and state (${GPU_BEHAVIOURS.join(', ')}).\n`);
      return;
    }
    setGpu(namespace, pod, state);
    response.redirect(303, '/');
  });
}

/** What a proxy, an overloaded server or another program in its place would answer. `slow` never ends. */
function answerWrong(response: Response, fault: PrometheusFault): void {
  switch (fault) {
    case 'down':
      response.socket?.destroy();
      return;
    case '503':
      response.status(503).json({ status: 'error', errorType: 'unavailable', error: 'service unavailable' });
      return;
    case 'html':
      response.type('html').send('<html><body>Please log in</body></html>');
      return;
    case 'slow':
      return;
    case 'garbage':
      response.json({
        status: 'success',
        data: { resultType: 'matrix', result: [{ metric: { pod: 7 }, values: 'x' }] },
      });
      return;
    case 'warnings':
      response.json({
        status: 'success',
        data: { resultType: 'matrix', result: [] },
        warnings: ['No StoreAPIs matched for this query'],
      });
      return;
    case 'huge':
      response.type('json').send(`{"status":"success","filler":"${'x'.repeat(11_000_000)}"}`);
      return;
  }
}

function listenOn(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
