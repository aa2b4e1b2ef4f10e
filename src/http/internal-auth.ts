// Who may call what on the internal port: one token per caller with a list of operations, compared in constant time (design 2).
import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Operation } from '../config/config-schema.ts';
import { Problem } from './problem.ts';

export interface InternalCaller {
  readonly name: string;
  readonly token: string;
  readonly operations: readonly Operation[];
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export type RequireOperation = (operation: Operation) => RequestHandler;

/** Makes the guard of one route: 401 without a known token, 403 when the caller lacks the operation. `res.locals.caller` names the caller. */
export function createInternalAuth(callers: readonly InternalCaller[]): RequireOperation {
  const known = callers.map((caller) => ({ ...caller, digest: digest(caller.token) }));
  return (operation) => (req, res, next) => {
    const [scheme, token] = (req.get('authorization') ?? '').split(' ');
    const presented = digest(scheme?.toLowerCase() === 'bearer' ? (token ?? '') : '');
    // Every caller is compared, so that the time tells nothing about which one was close.
    const caller = known.filter((candidate) => timingSafeEqual(candidate.digest, presented))[0];
    if (!caller)
      throw new Problem(
        401,
        'unknown_token',
        'This token is not known here. Compare the INTERNAL_TOKEN_* of the caller and of this service.',
      );
    if (!caller.operations.includes(operation)) {
      throw new Problem(
        403,
        'operation_not_allowed',
        `The caller "${caller.name}" may not do "${operation}": see internal.callers in the configuration.`,
      );
    }
    res.locals['caller'] = caller.name;
    next();
  };
}
