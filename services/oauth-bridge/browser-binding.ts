// Binds a sign-in to the browser that began it: a planted ob_resume cookie would else sign a victim in as the attacker (bridge-hosts.md 4).
import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import type { Db } from '../../src/database/database.ts';
import { findSigninState, putSigninState } from '../../src/database/signin-state.ts';
import { hashToken, randomToken } from '../../src/http/one-time-token.ts';
import type { BridgeCookies } from './cookies.ts';
import { SIGNIN_LIFETIME_SECONDS } from './create-provider.ts';
import { SigninRefusal } from './signin-refusal.ts';

export interface BrowserBinding {
  /** GET /auth: gives the browser its secret. */
  readonly begin: RequestHandler;
  /** Stores that this browser began the interaction; the provider calls it while it answers. */
  readonly bind: (req: IncomingMessage, uid: string) => Promise<void>;
  /** `/auth/:uid` and `/interaction/:uid*`: refuses other browsers. */
  readonly require: RequestHandler<{ uid: string }>;
}

export function createBrowserBinding(db: Db, cookies: BridgeCookies): BrowserBinding {
  const browsers = new WeakMap<IncomingMessage, string>();
  return {
    begin(req, res, next) {
      let browser = cookies.read(req, 'browser');
      if (browser === null) {
        browser = randomToken();
        cookies.set(res, 'browser', browser);
      }
      browsers.set(req, browser);
      next();
    },
    async bind(req, uid) {
      const browser = browsers.get(req);
      if (browser === undefined) throw new Error('an interaction began without a browser secret');
      await putSigninState(db, 'browser', uid, { browser: hashToken(browser) }, SIGNIN_LIFETIME_SECONDS);
    },
    async require(req, _res, next) {
      const browser = cookies.read(req, 'browser');
      const bound = await findSigninState(db, 'browser', req.params.uid);
      if (bound === null) throw new SigninRefusal('expired', { detail: 'no such sign-in, or it is over' });
      if (browser === null || bound['browser'] !== hashToken(browser))
        throw new SigninRefusal('other_browser', {
          detail: browser === null ? 'the browser sent no ob_browser cookie' : 'ob_browser is another one',
        });
      browsers.set(req, browser);
      next();
    },
  };
}
