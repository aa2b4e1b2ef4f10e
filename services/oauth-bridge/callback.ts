// Where Moodle sends the browser back to: stores what came under its state and goes on where cookies prove the browser (bridge.md 2).
import type { RequestHandler } from 'express';
import type { Db } from '../../src/database/database.ts';
import { putSigninState, takeSigninState } from '../../src/database/signin-state.ts';
import type { CallbackParameters } from '../../src/moodle/local-oauth.ts';
import { SigninRefusal } from './signin-refusal.ts';

export const CALLBACK_PATH = '/callback/moodle';

/** The plugin's codes live 30 s (moodle.md 1.4). */
const CALLBACK_SECONDS = 60;
const STATE = /^[0-9a-f]{48}$/;

/** Errors come with a literal `&amp;` between parameters: repaired, state is there after all (moodle.md 1.8). */
export function readCallback(rawUrl: string): CallbackParameters | null {
  const cut = rawUrl.indexOf('?');
  const query = new URLSearchParams((cut < 0 ? '' : rawUrl.slice(cut + 1)).replaceAll('&amp;', '&'));
  const state = query.get('state') ?? '';
  if (!STATE.test(state) || query.getAll('code').length > 1) return null;
  const text = (name: string): string | null => query.get(name)?.slice(0, 500) ?? null;
  return { state, code: text('code'), error: text('error'), errorDescription: text('error_description') };
}

export function createCallback(db: Db): RequestHandler {
  return async (req, res) => {
    const parameters = readCallback(req.originalUrl);
    if (parameters === null)
      throw new SigninRefusal('unknown_state', { detail: 'the callback has no well-formed state' });
    const begun = await takeSigninState(db, 'upstream', parameters.state);
    if (begun === null)
      throw new SigninRefusal('unknown_state', { detail: 'the state of the callback is forged, used or expired' });
    const uid = String(begun['uid']);
    await putSigninState(db, 'callback', parameters.state, { uid, ...parameters }, CALLBACK_SECONDS);
    res.redirect(303, `/interaction/${uid}/finish?state=${parameters.state}`);
  };
}

/** One use, and only for the interaction that began it. */
export async function takeCallback(db: Db, state: unknown, uid: string): Promise<CallbackParameters> {
  const stored = typeof state === 'string' && STATE.test(state) ? await takeSigninState(db, 'callback', state) : null;
  if (stored === null || stored['uid'] !== uid)
    throw new SigninRefusal('unknown_state', { detail: 'no answer of Moodle is stored for this sign-in and state' });
  const text = (name: string): string | null => (typeof stored[name] === 'string' ? stored[name] : null);
  return {
    state: String(stored['state']),
    code: text('code'),
    error: text('error'),
    errorDescription: text('errorDescription'),
  };
}
