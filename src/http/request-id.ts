// A request id accompanies a request through log lines and on to the services that it calls.
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';

const storage = new AsyncLocalStorage<string>();

/** Id of the request that is being answered, if any. */
export const currentRequestId = (): string | undefined => storage.getStore();

/** Runs work that no request began (a timer's cycle) under an id of its own. */
export const withRequestId = <T>(work: () => Promise<T>, id: string = randomUUID()): Promise<T> =>
  storage.run(id, work);

/** Takes the caller's X-Request-Id when it is harmless, else makes one; answers with it. */
export const requestId: RequestHandler = (req, res, next) => {
  const given = req.get('x-request-id');
  const id = given && /^[A-Za-z0-9._-]{8,64}$/.test(given) ? given : randomUUID();
  res.setHeader('X-Request-Id', id);
  storage.run(id, next);
};
