// /local/oauth/token.php: the plugin's token endpoint (moodle.md 1.3 to 1.8), its weaknesses with JSON bodies included (1.12 items 1 and 2).
import type { Request, Response } from 'express';
import { fieldsOf, nowSeconds, type Simulation, sendErrorPage, sendJson } from './exchange.ts';
import {
  clientById,
  type IssuedCode,
  newSecret,
  type OauthState,
  scopeIsAllowed,
  TOKEN_LIFETIME_SECONDS,
} from './oauth-state.ts';
import type { Sessions } from './sessions.ts';

const RFC = 'http://tools.ietf.org/html/rfc6749';

interface Refusal {
  readonly error: string;
  readonly description: string;
  readonly section?: string;
  readonly status?: number;
}

const refusal = (error: string, description: string, section?: string): Refusal => ({
  error,
  description,
  ...(section === undefined ? {} : { section }),
});

function sendRefusal(response: Response, { error, description, section, status }: Refusal): void {
  const uri = section === undefined ? {} : { error_uri: `${RFC}${section}` };
  sendJson(response, status ?? 400, { error, error_description: description, ...uri });
}

/** Form fields are text; a JSON body brings numbers and booleans, which is what the two weaknesses need. */
type Parameters = Readonly<Record<string, unknown>>;

function parametersOf(simulation: Simulation, request: Request): Parameters | 'array' {
  if ((request.headers['content-type'] ?? '').startsWith('application/json')) {
    try {
      const body: unknown = JSON.parse(String(request.body));
      return typeof body === 'object' && body !== null ? (body as Parameters) : {};
    } catch {
      return {};
    }
  }
  const { post } = fieldsOf(request, simulation.site.maxInputVars);
  return Object.values(post).some((value) => typeof value === 'object') ? 'array' : post;
}

interface Credentials {
  readonly clientId: string;
  readonly secret: unknown;
}

function credentialsOf(request: Request, parameters: Parameters): Credentials | undefined {
  const [scheme, encoded] = (request.headers.authorization ?? '').split(' ', 2);
  if (scheme?.toLowerCase() === 'basic' && encoded !== undefined) {
    const decoded = Buffer.from(encoded, 'base64').toString('utf8');
    const cut = decoded.indexOf(':');
    if (cut >= 0) return { clientId: decoded.slice(0, cut), secret: decoded.slice(cut + 1) };
  }
  const clientId = parameters['client_id'];
  return typeof clientId === 'string' ? { clientId, secret: parameters['client_secret'] ?? '' } : undefined;
}

/** PHP's loose `==`: `true` equals every secret; the secret "0" equals the missing secret of an unknown client (moodle.md 1.12 items 1, 7). */
function secretFits(given: unknown, stored: string | undefined): boolean {
  if (stored === undefined) return given === '0';
  return given === true || given === stored;
}

function refuseClient(simulation: Simulation, credentials: Credentials | undefined): Refusal | undefined {
  if (credentials === undefined)
    return refusal('invalid_client', 'Client credentials were not found in the headers or body');
  if (credentials.secret === '')
    return refusal('invalid_client', 'This client is invalid or must authenticate using a client secret');
  const stored = clientById(simulation.site, credentials.clientId)?.secret;
  return secretFits(credentials.secret, stored)
    ? undefined
    : refusal('invalid_client', 'The client credentials are invalid');
}

/** MySQL compares a number with text by the text's leading number, `true` as 1 (moodle.md 1.12 item 2). */
function findCode(state: OauthState, given: unknown): IssuedCode | undefined {
  if (typeof given === 'string') return state.codes.get(given);
  const wanted = given === true ? 1 : given;
  if (typeof wanted !== 'number') return undefined;
  return [...state.codes.values()].find((row) => (Number.parseFloat(row.code) || 0) === wanted);
}

/** Order of checks as in the library: the binding comes before the expiry, the client after both. */
function checkCode(
  simulation: Simulation,
  state: OauthState,
  parameters: Parameters,
  clientId: string,
): IssuedCode | Refusal {
  const given = parameters['code'];
  if (given === undefined || given === '') return refusal('invalid_request', 'Missing parameter: "code" is required');
  const code = findCode(state, given);
  if (code === undefined)
    return refusal('invalid_grant', "Authorization code doesn't exist or is invalid for the client");
  if (code.redirectUri !== undefined && parameters['redirect_uri'] !== code.redirectUri)
    return refusal('redirect_uri_mismatch', 'The redirect URI is missing or do not match', '#section-4.1.3');
  if (code.expiresAt < nowSeconds(simulation)) return refusal('invalid_grant', 'The authorization code has expired');
  if (code.clientId.toLowerCase() !== clientId.toLowerCase())
    return refusal('invalid_grant', "authorization_code doesn't exist or is invalid for the client");
  return code;
}

/** A scope that was not asked for at the authorize step is granted here: the silent upgrade of moodle.md 1.6. */
function scopeOf(requested: unknown, granted: string | null): string | null | Refusal {
  if (typeof requested !== 'string' || requested === '') return granted;
  if (granted !== null) {
    const words = granted.split(' ');
    if (!requested.split(' ').every((word) => words.includes(word)))
      return refusal('invalid_scope', 'The scope requested is invalid for this request');
  } else if (!scopeIsAllowed(requested)) {
    return refusal('invalid_scope', 'The scope requested is invalid for this client');
  }
  return requested;
}

const isRefusal = (value: unknown): value is Refusal =>
  typeof value === 'object' && value !== null && 'description' in value;

function redeem(
  simulation: Simulation,
  state: OauthState,
  parameters: Parameters,
  clientId: string,
  response: Response,
): void {
  const code = checkCode(simulation, state, parameters, clientId);
  if (isRefusal(code)) {
    sendRefusal(response, code);
    return;
  }
  const scope = scopeOf(parameters['scope'], code.scope);
  if (isRefusal(scope)) {
    sendRefusal(response, scope);
    return;
  }
  state.codes.delete(code.code);
  const accessToken = newSecret();
  state.tokens.set(accessToken, {
    userId: code.userId,
    scope,
    expiresAt: nowSeconds(simulation) + TOKEN_LIFETIME_SECONDS,
  });
  // The refresh token is dead from birth: its grant is not enabled (moodle.md 1.4).
  sendToken(response, accessToken, scope, { refresh_token: newSecret() });
}

function sendToken(response: Response, accessToken: string, scope: string | null, more: object): void {
  sendJson(
    response,
    200,
    { access_token: accessToken, expires_in: TOKEN_LIFETIME_SECONDS, token_type: 'Bearer', scope, ...more },
    { Pragma: 'no-cache' },
  );
}

/** Known clients may not use it; an unknown client with the secret "0" gets a token for nobody (moodle.md 1.12 item 7). */
function clientCredentials(simulation: Simulation, state: OauthState, clientId: string, response: Response): void {
  if (clientById(simulation.site, clientId) !== undefined) {
    sendRefusal(response, refusal('unauthorized_client', 'The grant type is unauthorized for this client_id'));
    return;
  }
  const accessToken = newSecret();
  state.tokens.set(accessToken, {
    userId: null,
    scope: null,
    expiresAt: nowSeconds(simulation) + TOKEN_LIFETIME_SECONDS,
  });
  sendToken(response, accessToken, null, {});
}

/** form or JSON body; client_secret_post and HTTP Basic both work. */
export function token(
  simulation: Simulation,
  sessions: Sessions,
  state: OauthState,
  request: Request,
  response: Response,
): void {
  sessions.waste(response);
  if (request.method !== 'POST') {
    const description = 'The request method must be POST when requesting an access token';
    response.setHeader('Allow', 'POST');
    sendRefusal(response, { ...refusal('invalid_request', description, '#section-3.2'), status: 405 });
    return;
  }
  const parameters = parametersOf(simulation, request);
  if (parameters === 'array') {
    sendErrorPage(response, simulation.site, 'Invalid parameter value detected');
    return;
  }
  const grant = parameters['grant_type'];
  if (typeof grant !== 'string' || grant === '') {
    sendRefusal(response, refusal('invalid_request', 'The grant type was not specified in the request'));
    return;
  }
  if (grant !== 'authorization_code' && grant !== 'client_credentials') {
    sendRefusal(response, refusal('unsupported_grant_type', `Grant type "${grant}" not supported`));
    return;
  }
  const credentials = credentialsOf(request, parameters);
  const refused = refuseClient(simulation, credentials);
  if (refused !== undefined || credentials === undefined) {
    if (refused !== undefined) sendRefusal(response, refused);
    return;
  }
  if (grant === 'client_credentials') clientCredentials(simulation, state, credentials.clientId, response);
  else redeem(simulation, state, parameters, credentials.clientId, response);
}
