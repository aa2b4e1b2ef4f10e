// Another person in the same browser: a hop over the hub's logout closes the last one's servers at once (bridge.md 5, bridge-hosts.md 2).
import type { Request, Response } from 'express';
import type { Config } from '../../src/config/config.ts';
import type { Db } from '../../src/database/database.ts';
import { putSigninState, takeSigninState } from '../../src/database/signin-state.ts';
import { hashToken, randomToken } from '../../src/http/one-time-token.ts';
import type { BridgeCookies } from './cookies.ts';
import { destroyProviderSession, findProviderAccount } from './provider-session.ts';
import type { Interaction, Provider } from './provider-types.ts';

/** From the hop to the second round: a few redirects. */
const HOP_SECONDS = 120;
/** Browsers keep no cookie longer (RFC 6265bis). */
const REMEMBER_PERSON_SECONDS = 400 * 86_400;

/** How a sign-in that does not ask Moodle came about. */
export type PassKind = 'switch' | 'login_link';

export interface Pass {
  readonly personId: string;
  readonly kind: PassKind;
}

export interface PersonSwitch {
  /** Was somebody else here last? By the provider's session or, when that is over, by the remembered person. */
  readonly isAnother: (req: Request, res: Response, personId: string) => Promise<boolean>;
  readonly remember: (res: Response, personId: string) => void;
  /** Leaves this sign-in for the hub's logout, which comes back to /after-logout. */
  readonly hop: (req: Request, res: Response, personId: string, interaction: Interaction) => Promise<void>;
  /** At /after-logout: the next address when a hop is under way, else null. */
  readonly land: (req: Request, res: Response) => Promise<string | null>;
  /** Lets the next sign-in of this browser finish as this person without Moodle; one use. */
  readonly givePass: (res: Response, pass: Pass) => Promise<void>;
  readonly takePass: (req: Request, res: Response) => Promise<Pass | null>;
}

export function createPersonSwitch(config: Config, db: Db, provider: Provider, cookies: BridgeCookies): PersonSwitch {
  const take = async (req: Request, res: Response, kind: 'sso' | 'after') => {
    const token = cookies.read(req, kind);
    if (token === null) return null;
    cookies.clear(res, kind);
    return takeSigninState(db, kind, hashToken(token));
  };
  const give = async (res: Response, kind: 'sso' | 'after', payload: Record<string, unknown>) => {
    const token = randomToken();
    await putSigninState(db, kind, hashToken(token), payload, HOP_SECONDS);
    cookies.set(res, kind, token, HOP_SECONDS);
  };
  const givePass: PersonSwitch['givePass'] = (res, pass) => give(res, 'sso', { ...pass });
  return {
    async isAnother(req, res, personId) {
      const account = await findProviderAccount(provider, req, res);
      const last = cookies.read(req, 'person');
      return (account !== null && account !== personId) || (last !== null && last !== personId);
    },
    remember: (res, personId) => cookies.set(res, 'person', personId, REMEMBER_PERSON_SECONDS),
    async hop(req, res, personId, interaction) {
      await destroyProviderSession(provider, req, res);
      // The pass itself is given at /after-logout: who never came by the hub's logout cannot finish without it.
      await give(res, 'after', { personId, location: restartAddress(config, interaction) });
      res.redirect(303, `${config.hub.publicUrl}/hub/logout`);
    },
    async land(req, res) {
      const after = await take(req, res, 'after');
      if (after === null) return null;
      await givePass(res, { personId: String(after['personId']), kind: 'switch' });
      return String(after['location']);
    },
    givePass,
    async takePass(req, res) {
      const pass = await take(req, res, 'sso');
      return pass === null ? null : { personId: String(pass['personId']), kind: pass['kind'] as PassKind };
    },
  };
}

/**
 * Where the second round begins. The hub's logout deletes the hub's own state cookie, so the hub begins anew (its `next` is lost);
 * any other client's request is still good and is repeated as it was.
 */
function restartAddress(config: Config, { params }: Interaction): string {
  const redirectUri = String(params['redirect_uri'] ?? '');
  if (redirectUri.startsWith(`${config.hub.publicUrl}/`)) return `${config.hub.publicUrl}/hub/oauth_login`;
  const query = new URLSearchParams(
    Object.entries(params).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
  return `${config.bridge.publicUrl}/auth?${query}`;
}
