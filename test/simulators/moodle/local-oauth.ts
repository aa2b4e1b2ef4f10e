// The local_oauth plugin's three addresses.
import { Router } from 'express';
import type { Simulation } from './exchange.ts';
import { authorize } from './oauth-authorize.ts';
import type { OauthState } from './oauth-state.ts';
import { token } from './oauth-token.ts';
import { userInfo } from './oauth-user-info.ts';
import type { Sessions } from './sessions.ts';

/** authorize + consent, token, user_info (moodle.md 1.2). There is no discovery, revocation or logout address. */
export function localOauth(simulation: Simulation, sessions: Sessions, state: OauthState): Router {
  const router = Router();
  router.all('/local/oauth/login.php', (request, response) =>
    authorize(simulation, sessions, state, request, response),
  );
  router.all('/local/oauth/token.php', (request, response) => token(simulation, sessions, state, request, response));
  router.all('/local/oauth/user_info.php', (request, response) =>
    userInfo(simulation, sessions, state, request, response),
  );
  return router;
}
