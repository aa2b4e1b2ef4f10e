// Sign-in links for when Moodle is down, made by `npm run admin -- login-link` (design 3, Sign-in).
import type { RequestHandler } from 'express';
import type { Config } from '../../src/config/config.ts';
import type { Db } from '../../src/database/database.ts';
import { findPerson, type Person } from '../../src/database/people.ts';
import { findSigninState, takeSigninState } from '../../src/database/signin-state.ts';
import { hashToken } from '../../src/http/one-time-token.ts';
import type { Pages } from './pages.ts';
import type { PersonSwitch } from './person-switch.ts';
import { SigninRefusal } from './signin-refusal.ts';

export interface LoginLinkRoutes {
  /** Only asks: mail scanners and chat programs open links by themselves. */
  readonly ask: RequestHandler<{ token: string }>;
  readonly confirm: RequestHandler<{ token: string }>;
}

export function createLoginLinkRoutes(
  config: Config,
  db: Db,
  pages: Pages,
  personSwitch: PersonSwitch,
): LoginLinkRoutes {
  return {
    async ask(req, res) {
      const person = await personOf(db, await findSigninState(db, 'login_link', hashToken(req.params.token)));
      pages.sendLoginLink(res, { fullName: person.fullName, action: `/login-link/${req.params.token}` });
    },
    async confirm(req, res) {
      if (!isOwnForm(config, req.get('origin'), req.get('sec-fetch-site')))
        throw new SigninRefusal('not_navigation', { detail: 'a login link was posted from another origin' });
      const person = await personOf(db, await takeSigninState(db, 'login_link', hashToken(req.params.token)));
      await personSwitch.givePass(res, { personId: person.id, kind: 'login_link' });
      res.redirect(303, `${config.hub.publicUrl}/hub/oauth_login`);
    },
  };
}

/** SameSite is no defence inside one campus domain (bridge-hosts.md 3): the form must come from our own page. */
function isOwnForm(config: Config, origin: string | undefined, fetchSite: string | undefined): boolean {
  if (fetchSite !== undefined && fetchSite !== 'same-origin') return false;
  return origin === undefined ? fetchSite === 'same-origin' : origin === new URL(config.bridge.publicUrl).origin;
}

async function personOf(db: Db, payload: Record<string, unknown> | null): Promise<Person> {
  if (payload === null)
    throw new SigninRefusal('bad_login_link', { detail: 'the login link is unknown, used or too old' });
  const person = await findPerson(db, String(payload['personId']));
  if (!person || person.suspended || person.deleted)
    throw new SigninRefusal('refused_suspended', { person_id: String(payload['personId']), detail: 'by login link' });
  return person;
}
