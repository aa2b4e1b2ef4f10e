// Duration of every answered request, by route pattern (never by address: ids would make endless series).
import type { RequestHandler } from 'express';
import type { Histogram } from 'prom-client';

/** @param duration labels `route`, `method`, `code`. */
export function requestMetrics(duration: Histogram<string>): RequestHandler {
  return (req, res, next) => {
    const startedAt = performance.now();
    res.on('finish', () => {
      const pattern = typeof req.route?.path === 'string' ? req.baseUrl + req.route.path : 'other';
      duration.observe(
        { route: pattern, method: req.method, code: String(res.statusCode) },
        (performance.now() - startedAt) / 1000,
      );
    });
    next();
  };
}
