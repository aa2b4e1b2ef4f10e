// Errors of JSON APIs as application/problem+json (RFC 9457): a safe sentence outside, the full cause in the log.
import type { ErrorRequestHandler, Response } from 'express';
import type { Logger } from '../telemetry/logger.ts';
import { currentRequestId } from './request-id.ts';

/** A fault with a sentence that the caller may read. */
export class Problem extends Error {
  readonly status: number;
  /** Stable code for programs. */
  readonly code: string;
  constructor(status: number, code: string, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = 'Problem';
    this.status = status;
    this.code = code;
  }
}

export function sendProblem(res: Response, status: number, code: string, detail: string): void {
  res
    .status(status)
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', status, code, detail, request_id: currentRequestId() }));
}

/** Last in an API router. PostgreSQL down is a 503 with a sentence (design 7); anything unknown a generic 500. */
export function problemHandler(logger: Logger): ErrorRequestHandler {
  return (error, req, res, next) => {
    if (res.headersSent) {
      next(error);
      return;
    }
    const problem = toProblem(error);
    const fields = { request_id: currentRequestId(), problem: problem.code, status: problem.status, path: req.path };
    if (problem.status >= 500) logger.error({ ...fields, err: error }, 'request failed');
    else logger.info({ ...fields, detail: problem.message }, 'request refused');
    sendProblem(res, problem.status, problem.code, problem.message);
  };
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { status, type, code } = (typeof error === 'object' && error !== null ? error : {}) as {
    status?: number;
    type?: string;
    code?: string;
  };
  // express.json and express.urlencoded: status 4xx with a type such as `entity.too.large`.
  if (type?.startsWith('entity.') || type?.startsWith('encoding.') || type === 'parameters.too.many') {
    return new Problem(status ?? 400, 'malformed_request', 'The request body cannot be read, or is too large.', {
      cause: error,
    });
  }
  if (isDatabaseDown(code, error)) {
    return new Problem(
      503,
      'database_unavailable',
      'The course service cannot reach its database. Please try again in a few minutes.',
      { cause: error },
    );
  }
  return new Problem(
    500,
    'internal',
    'The course service failed. Please try again, and tell support the request id if it stays.',
    { cause: error },
  );
}

/** Connection refused, reset or timed out, or a server that is starting, stopping or full (PostgreSQL classes 08, 57P, 53). */
export function isDatabaseDown(code: string | undefined, error: unknown): boolean {
  if (
    code &&
    (/^(08|57P|53)/.test(code) ||
      ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE'].includes(code))
  )
    return true;
  return error instanceof Error && /timeout exceeded when trying to connect|Connection terminated/.test(error.message);
}
