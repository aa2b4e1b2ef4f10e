// The one factory of outgoing HTTP: time limits, retries with jitter on idempotent calls, keep-alive, size limits, metrics, request ids.
import http from 'node:http';
import https from 'node:https';
import axios, { type AxiosInstance, type AxiosResponse } from 'axios';
import axiosRetry, { isNetworkOrIdempotentRequestError } from 'axios-retry';
import type { Histogram } from 'prom-client';
import { currentRequestId } from './request-id.ts';

export interface HttpClientOptions {
  /** Names the counterpart in metrics and errors: `moodle`, `hub`, `prometheus` … */
  readonly upstream: string;
  readonly baseUrl: string;
  readonly timeoutSeconds: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Further tries of GET, HEAD, PUT, DELETE after a network fault or a 5xx. Default 2. */
  readonly retries?: number;
  /** Default 20 MB. */
  readonly maxResponseBytes?: number;
  readonly maxSockets?: number;
  /** Labels `upstream`, `outcome`. */
  readonly duration?: Histogram<string> | undefined;
}

/**
 * Every status resolves: the caller's room reads the counterpart's errors. Redirects are not followed (Moodle's Host rule answers 303, moodle.md 0).
 * The body arrives as text: some counterparts send JSON as text/html.
 */
export function createHttpClient(options: HttpClientOptions): AxiosInstance {
  const agents = { keepAlive: true, maxSockets: options.maxSockets ?? 20 };
  const client = axios.create({
    baseURL: options.baseUrl,
    timeout: options.timeoutSeconds * 1000,
    headers: { ...options.headers },
    httpAgent: new http.Agent(agents),
    httpsAgent: new https.Agent(agents),
    maxRedirects: 0,
    maxContentLength: options.maxResponseBytes ?? 20_000_000,
    responseType: 'text',
    transformResponse: (body: unknown) => body,
    validateStatus: () => true,
    proxy: false,
  });
  client.interceptors.request.use((request) => {
    const id = currentRequestId();
    if (id) request.headers.set('X-Request-Id', id);
    return Object.assign(request, { startedAt: performance.now() });
  });
  if (options.duration) observeDuration(client, options.upstream, options.duration);
  axiosRetry(client, {
    retries: options.retries ?? 2,
    retryDelay: (attempt) => 100 * 2 ** attempt * (0.5 + Math.random()),
    retryCondition: isNetworkOrIdempotentRequestError,
  });
  return client;
}

function observeDuration(client: AxiosInstance, upstream: string, duration: Histogram<string>): void {
  const observe = (config: unknown, outcome: string): void => {
    const startedAt = (config as { startedAt?: number } | undefined)?.startedAt;
    if (startedAt !== undefined) duration.observe({ upstream, outcome }, (performance.now() - startedAt) / 1000);
  };
  client.interceptors.response.use(
    (response: AxiosResponse) => {
      observe(response.config, response.status < 400 ? 'ok' : response.status < 500 ? 'client_error' : 'server_error');
      return response;
    },
    (error: unknown) => {
      observe(axios.isAxiosError(error) ? error.config : undefined, 'no_answer');
      throw error;
    },
  );
}

/** What went wrong on the wire, without address parameters or headers (they may hold secrets). */
export function describeNetworkError(error: unknown): string {
  if (!axios.isAxiosError(error)) return error instanceof Error ? error.message : String(error);
  if (error.code === 'ECONNABORTED' || error.code === 'ETIMEDOUT') return 'no answer in time';
  if (error.code === 'ECONNREFUSED') return 'connection refused';
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') return 'its name cannot be resolved';
  return error.code ?? 'network error';
}
