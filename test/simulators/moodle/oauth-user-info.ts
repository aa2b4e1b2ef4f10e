// /local/oauth/user_info.php: JSON as text/html, with the leak when the scope is missing (moodle.md 1.3 step 6, 1.6, 1.8).
import type { Request, Response } from 'express';
import { fieldsOf, nowSeconds, type Simulation, sendJson, sendPhp } from './exchange.ts';
import type { MoodleUser } from './model.ts';
import type { OauthState } from './oauth-state.ts';
import { phpJson } from './php-values.ts';
import type { Sessions } from './sessions.ts';

interface Refusal {
  readonly error: string;
  readonly description: string;
  readonly scope?: string;
}

/** The library would answer 400 or 403 in places; PHP turns every answer with WWW-Authenticate into 401 (moodle.md 1.8). */
function challenge(refusal: Refusal): string {
  const scope = refusal.scope === undefined ? '' : ` scope="${refusal.scope}",`;
  return `Bearer realm="Service",${scope} error="${refusal.error}", error_description="${refusal.description}"`;
}

const CONTENT_TYPE = 'The content type for POST requests must be "application/x-www-form-urlencoded"';

/** The token from exactly one of header, body and query; undefined when none was sent. */
function bearerOf(simulation: Simulation, request: Request): string | Refusal | undefined {
  const { query, post } = fieldsOf(request, simulation.site.maxInputVars);
  const header = request.headers.authorization;
  const isJson = (request.headers['content-type'] ?? '').startsWith('application/json');
  const inBody = isJson ? String(request.body).includes('"access_token"') : post['access_token'] !== undefined;
  const inQuery = query['access_token'];
  const methods = [header !== undefined, inBody, inQuery !== undefined].filter(Boolean).length;
  if (methods === 0) return undefined;
  if (methods > 1)
    return {
      error: 'invalid_request',
      description: 'Only one method may be used to authenticate at a time (Auth header, GET or POST)',
    };
  if (header !== undefined)
    return /Bearer\s(\S+)/i.exec(header)?.[1] ?? { error: 'invalid_request', description: 'Malformed auth header' };
  if (inBody) return isJson ? { error: 'invalid_request', description: CONTENT_TYPE } : String(post['access_token']);
  return String(inQuery);
}

function userInfoOf(user: MoodleUser): object {
  return {
    id: String(user.id),
    auth: user.auth,
    username: user.username,
    idnumber: user.idnumber,
    firstname: user.firstName,
    lastname: user.lastName,
    email: user.email,
    lang: user.lang,
    country: user.country,
    phone1: user.phone1,
    address: user.address,
    description: user.description,
  };
}

/** Suspended and deleted people are answered like everybody else: tokens outlive accounts (moodle.md 1.9). */
export function userInfo(
  simulation: Simulation,
  sessions: Sessions,
  state: OauthState,
  request: Request,
  response: Response,
): void {
  sessions.waste(response);
  const refuse = (refusal: Refusal, leaked = '') => {
    const body = phpJson({ error: refusal.error, error_description: refusal.description });
    response.setHeader('WWW-Authenticate', challenge(refusal));
    if (leaked === '') sendJson(response, 401, { error: refusal.error, error_description: refusal.description });
    else sendPhp(response, 401, 'application/json', body + leaked, { 'Cache-Control': 'no-store' });
  };
  const bearer = bearerOf(simulation, request);
  if (bearer === undefined) {
    sendPhp(response, 401, 'application/json', '', { 'WWW-Authenticate': 'Bearer realm="Service"' });
    return;
  }
  if (typeof bearer !== 'string') {
    refuse(bearer);
    return;
  }
  const token = state.tokens.get(bearer);
  if (token === undefined) {
    refuse({ error: 'invalid_token', description: 'The access token provided is invalid' });
    return;
  }
  if (token.expiresAt < nowSeconds(simulation)) {
    refuse({ error: 'invalid_token', description: 'The access token provided has expired' });
    return;
  }
  const user = token.userId === null ? undefined : simulation.site.users.get(token.userId);
  const json = user === undefined ? '' : phpJson(userInfoOf(user));
  if (token.scope?.split(' ').includes('user_info') !== true) {
    const description = 'The request requires higher privileges than provided by the access token';
    refuse({ error: 'insufficient_scope', description, scope: 'user_info' }, json);
    return;
  }
  sendPhp(response, 200, 'text/html; charset=utf-8', json);
}
