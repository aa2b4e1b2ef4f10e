// The two histograms that every process has.
import type { Histogram } from 'prom-client';
import { DURATION_BUCKETS, type Metrics } from './metrics.ts';

/** Labels: route pattern, method, status code. */
export const createHttpDuration = (metrics: Metrics): Histogram<string> =>
  metrics.histogram(
    'coursehub_http_request_duration_seconds',
    'Answered requests.',
    ['route', 'method', 'code'],
    DURATION_BUCKETS,
  );

/** Labels: counterpart, and `ok`, `client_error`, `server_error` or `no_answer`. */
export const createUpstreamDuration = (metrics: Metrics): Histogram<string> =>
  metrics.histogram(
    'coursehub_upstream_request_duration_seconds',
    'Calls to counterparts.',
    ['upstream', 'outcome'],
    DURATION_BUCKETS,
  );
