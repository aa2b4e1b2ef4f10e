// /local/oauth/login.php: the plugin's authorization endpoint with its consent form and its quirks (moodle.md 1.3, 1.5 to 1.8).
import type { Request, Response } from 'express';
import {
  type Fields,
  fieldsOf,
  nowSeconds,
  page,
  redirect,
  type Simulation,
  sendErrorPage,
  sendJson,
  sendPage,
  sendPhp,
  textField,
} from './exchange.ts';
import type { OauthClient } from './model.ts';
import {
  CODE_LIFETIME_SECONDS,
  clientById,
  consentKey,
  newSecret,
  type OauthState,
  scopeIsAllowed,
} from './oauth-state.ts';
import { escapeHtml, phpQuery, stripTags } from './php-values.ts';
import type { MoodleSession, Sessions } from './sessions.ts';

/** What the OAuth library reads: the query only (its `$request->query`). */
interface AuthorizeRequest {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly suppliedRedirectUri: string | undefined;
  readonly scope: string | undefined;
  readonly state: string | undefined;
}

const RFC = 'http://tools.ietf.org/html/rfc6749';

function refuse(response: Response, error: string, description: string, section?: string): undefined {
  const uri = section === undefined ? {} : { error_uri: `${RFC}${section}` };
  sendJson(response, 400, { error, error_description: description, ...uri });
  return undefined;
}

/** An error that goes to the client: separators are literally `&amp;`, so its parameters arrive as `amp;state` (moodle.md 1.8). */
function redirectError(
  response: Response,
  redirectUri: string,
  state: string | undefined,
  error: string,
  description: string,
): undefined {
  const body = { error, error_description: description, ...(state === undefined ? {} : { state }) };
  const separator = redirectUri.includes('?') ? '&' : '?';
  sendJson(response, 302, body, { Location: `${redirectUri}${separator}${phpQuery(body, '&amp;')}` });
  return undefined;
}

const text = (fields: Fields, name: string): string | undefined => {
  const value = fields.query[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** The redirect URI to use, or undefined when the answer has been sent: without a trusted URI errors stay on the page. */
function redirectUriOf(client: OauthClient, supplied: string | undefined, response: Response): string | undefined {
  if (supplied !== undefined) {
    if (supplied.includes('#')) return refuse(response, 'invalid_uri', 'The redirect URI must not contain a fragment');
    const registered = client.redirectUri.split(' ').filter(Boolean);
    if (registered.length > 0 && !registered.includes(supplied))
      return refuse(
        response,
        'redirect_uri_mismatch',
        'The redirect URI provided is missing or does not match',
        '#section-3.1.2',
      );
    return supplied;
  }
  if (client.redirectUri === '') return refuse(response, 'invalid_uri', 'No redirect URI was supplied or stored');
  if (client.redirectUri.includes(' '))
    return refuse(
      response,
      'invalid_uri',
      'A redirect URI must be supplied when multiple redirect URIs are registered',
      '#section-3.1.2.3',
    );
  return client.redirectUri;
}

/** The library's validateAuthorizeRequest, in its order; undefined when the answer has been sent. */
function validate(simulation: Simulation, fields: Fields, response: Response): AuthorizeRequest | undefined {
  const clientId = text(fields, 'client_id') ?? '';
  const client = clientById(simulation.site, clientId);
  if (client === undefined) return refuse(response, 'invalid_client', 'The client id supplied is invalid');
  const suppliedRedirectUri = text(fields, 'redirect_uri');
  const redirectUri = redirectUriOf(client, suppliedRedirectUri, response);
  if (redirectUri === undefined) return undefined;
  const state = text(fields, 'state');
  const responseType = text(fields, 'response_type');
  if (responseType === 'token')
    return redirectError(
      response,
      redirectUri,
      state,
      'unsupported_response_type',
      'implicit grant type not supported',
    );
  if (responseType !== 'code')
    return redirectError(response, redirectUri, state, 'invalid_request', 'Invalid or missing response type');
  const scope = text(fields, 'scope');
  if (scope !== undefined && !scopeIsAllowed(scope))
    return redirectError(response, redirectUri, state, 'invalid_scope', 'An unsupported scope was requested');
  return { clientId, redirectUri, suppliedRedirectUri, scope, state };
}

/** Through the login page: redirect_uri is dropped, tags are stripped, values are joined without encoding (moodle.md 1.3, 1.7). */
function sendToLogin(simulation: Simulation, session: MoodleSession, fields: Fields, response: Response): void {
  const kept = ['client_id', 'response_type', 'scope', 'state']
    .map((name) => [name, textField(fields, name)] as const)
    .filter((pair) => pair[1] !== undefined && pair[1] !== '')
    .map(([name, value]) => `${name}=${stripTags(value ?? '')}`);
  session.wantsUrl = `${simulation.wwwroot}/local/oauth/login.php?${kept.join('&')}`;
  redirect(response, `${simulation.wwwroot}/login/index.php`);
}

function consentForm(simulation: Simulation, session: MoodleSession, request: AuthorizeRequest): string {
  const parameters = {
    client_id: request.clientId,
    response_type: 'code',
    ...(request.scope === undefined ? {} : { scope: request.scope }),
    ...(request.state === undefined ? {} : { state: stripTags(request.state) }),
  };
  const action = `${simulation.wwwroot}/local/oauth/login.php?${phpQuery(parameters, '&amp;')}`;
  // The plugin sets no page title.
  return page(
    simulation.site,
    '',
    `<form autocomplete="off" action="${action}" method="post" accept-charset="utf-8" id="mform1" class="mform">
<input name="sesskey" type="hidden" value="${session.sesskey}">
<input name="_qf__local_oauth_authorize_form" type="hidden" value="1">
<h1>Do you want to authorize <strong>${escapeHtml(request.clientId)}</strong>?</h1>
<p>The application will be able to access the following information:</p><ul><li>User Profile Information</li></ul>
<input type="submit" class="btn btn-primary" name="submitbutton" id="id_submitbutton" value="Confirm">
<input type="submit" class="btn" name="cancel" id="id_cancel" value="Cancel"></form>`,
  );
}

type Consent = 'given' | 'denied' | 'asked';

function consentOf(
  simulation: Simulation,
  state: OauthState,
  session: MoodleSession,
  userId: number,
  request: AuthorizeRequest,
  fields: Fields,
  response: Response,
): Consent {
  const key = consentKey(request.clientId, userId, request.scope);
  if (state.consents.has(key)) return 'given';
  if (fields.post['_qf__local_oauth_authorize_form'] === undefined) {
    sendPage(response, 200, consentForm(simulation, session, request));
    return 'asked';
  }
  if (fields.post['cancel'] !== undefined) return 'denied';
  if (fields.post['sesskey'] !== session.sesskey) {
    sendErrorPage(response, simulation.site, 'Incorrect sesskey submitted, form not accepted!');
    return 'asked';
  }
  state.consents.add(key);
  return 'given';
}

function issueCode(
  simulation: Simulation,
  state: OauthState,
  userId: number,
  request: AuthorizeRequest,
  response: Response,
): void {
  const code = newSecret();
  state.codes.set(code, {
    code,
    clientId: request.clientId,
    userId,
    redirectUri: request.suppliedRedirectUri,
    scope: request.scope ?? null,
    expiresAt: nowSeconds(simulation) + CODE_LIFETIME_SECONDS,
  });
  const parameters = { code, ...(request.state === undefined ? {} : { state: request.state }) };
  const separator = request.redirectUri.includes('?') ? '&' : '?';
  sendPhp(response, 302, 'application/json', '', {
    Location: `${request.redirectUri}${separator}${phpQuery(parameters, '&')}`,
  });
}

/** GET shows or skips the consent form, POST takes it. prompt, max_age, login_hint and PKCE are ignored, as the plugin does (moodle.md 1.11). */
export function authorize(
  simulation: Simulation,
  sessions: Sessions,
  state: OauthState,
  request: Request,
  response: Response,
): void {
  const fields = fieldsOf(request, simulation.site.maxInputVars);
  const session = sessions.of(request, response);
  for (const name of ['client_id', 'response_type'])
    if (textField(fields, name) === undefined) {
      sendErrorPage(response, simulation.site, `A required parameter (${name}) was missing`);
      return;
    }
  if (session.userId === undefined) {
    sendToLogin(simulation, session, fields, response);
    return;
  }
  const asked = validate(simulation, fields, response);
  if (asked === undefined) return;
  const consent = consentOf(simulation, state, session, session.userId, asked, fields, response);
  if (consent === 'given') issueCode(simulation, state, session.userId, asked, response);
  if (consent === 'denied')
    redirectError(
      response,
      asked.redirectUri,
      asked.state,
      'access_denied',
      'The user denied access to your application',
    );
}
