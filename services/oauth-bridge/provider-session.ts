// The provider's own session, which only tells who was here last: it never answers a sign-in alone.
import type { Request, Response } from 'express';
import type { Provider } from './provider-types.ts';

interface StoredSession {
  readonly accountId?: string;
  destroy(): Promise<void>;
}

/** In the library's source, not in its types (bridge.md 5). */
interface SessionModel {
  get(ctx: unknown): Promise<StoredSession>;
}

const sessionOf = (provider: Provider, req: Request, res: Response): Promise<StoredSession> =>
  (provider.Session as unknown as SessionModel).get(provider.createContext(req, res));

export async function findProviderAccount(provider: Provider, req: Request, res: Response): Promise<string | null> {
  return (await sessionOf(provider, req, res)).accountId ?? null;
}

export async function destroyProviderSession(provider: Provider, req: Request, res: Response): Promise<void> {
  const session = await sessionOf(provider, req, res);
  if (session.accountId) await session.destroy();
}
