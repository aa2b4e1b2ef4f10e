// Joins the callers of the config with their tokens.
import type { Config, Secrets } from '../config/config.ts';
import type { InternalCaller } from './internal-auth.ts';

export function internalCallers(config: Config, secrets: Secrets): readonly InternalCaller[] {
  return config.internal.callers.flatMap((caller) => {
    const token = secrets.internalTokens.get(caller.name);
    return token === undefined ? [] : [{ ...caller, token }];
  });
}
