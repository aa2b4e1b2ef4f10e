// /webservice/rest/server.php: tokens, services, formats and errors around the functions (moodle.md 2.1).
import { type Request, type Response, Router } from 'express';
import { can } from './capabilities.ts';
import { fieldsOf, nowSeconds, type Simulation, send } from './exchange.ts';
import type { ExternalService, MoodleSite, WebServiceToken } from './model.ts';
import { escapeHtml, moodleXml, type PhpArray, phpJson } from './php-values.ts';
import type { WebServiceFunction } from './web-service-call.ts';
import { COURSE_FUNCTIONS } from './web-service-courses.ts';
import { ENROLMENT_FUNCTIONS } from './web-service-enrolments.ts';
import {
  accessException,
  invalidParameter,
  invalidToken,
  missingRecord,
  notSimulated,
  userSuspended,
  WebServiceError,
} from './web-service-errors.ts';
import { GROUP_FUNCTIONS } from './web-service-groups.ts';
import { readParameter, record } from './web-service-parameters.ts';
import { SITE_INFO_FUNCTIONS } from './web-service-site-info.ts';
import { USER_FUNCTIONS } from './web-service-users.ts';

const FUNCTIONS: Readonly<Record<string, WebServiceFunction>> = {
  ...SITE_INFO_FUNCTIONS,
  ...COURSE_FUNCTIONS,
  ...ENROLMENT_FUNCTIONS,
  ...GROUP_FUNCTIONS,
  ...USER_FUNCTIONS,
};

interface Authenticated {
  readonly token: WebServiceToken;
  readonly service: ExternalService;
}

/** An expired token is told once and its row deleted; afterwards it is just unknown (moodle.md 2.1). */
function authenticate(site: MoodleSite, text: unknown, address: string, now: number): Authenticated {
  const token = site.tokens.find((row) => row.token === text);
  if (token === undefined) throw invalidToken();
  if (token.validUntil !== 0 && token.validUntil < now) {
    site.tokens = site.tokens.filter((row) => row !== token);
    throw accessException();
  }
  if (token.ipRestriction !== '' && !token.ipRestriction.split(',').includes(address)) throw accessException();
  const user = site.users.get(token.userId);
  if (user === undefined || user.deleted) throw accessException();
  if (user.suspended) throw userSuspended(user.username);
  const service = site.services.find((row) => row.shortname === token.serviceShortname);
  if (service === undefined || !service.enabled) throw accessException();
  if (service.restrictedUsers && !service.allowedUserIds.has(token.userId)) throw accessException();
  if (!can(site, token.userId, 'webservice/rest:use', now)) throw accessException();
  return { token, service };
}

function functionOf(name: unknown, service: ExternalService): WebServiceFunction {
  if (typeof name !== 'string' || name === '') throw invalidParameter();
  if (service.functions.includes(name)) {
    const found = FUNCTIONS[name];
    if (found === undefined) throw notSimulated(name);
    return found;
  }
  // A core function that is not in the service is told apart from one that no Moodle has.
  throw FUNCTIONS[name] !== undefined || name.startsWith('core_')
    ? accessException()
    : missingRecord('external_functions');
}

const CONTROL_FIELDS = [
  'wstoken',
  'wsfunction',
  'moodlewsrestformat',
  'moodlewssettingraw',
  'moodlewssettingfilter',
  'moodlewssettingfileurl',
  'moodlewssettinglang',
  'moodlewssettingtimezone',
];

function callFunction(simulation: Simulation, fields: PhpArray, address: string): unknown {
  const { site } = simulation;
  const now = nowSeconds(simulation);
  const { token, service } = authenticate(site, fields['wstoken'], address, now);
  const found = functionOf(fields['wsfunction'], service);
  const own = Object.fromEntries(Object.entries(fields).filter(([name]) => !CONTROL_FIELDS.includes(name)));
  const parameters = readParameter(record(found.parameters), own);
  return found.run(
    {
      site,
      wwwroot: simulation.wwwroot,
      caller: {
        userId: token.userId,
        isAdmin: site.adminIds.has(token.userId),
        rawText: fields['moodlewssettingraw'] === '1',
      },
      serviceFunctions: service.functions,
      nowSeconds: now,
    },
    parameters as never,
  );
}

function sendResult(response: Response, json: boolean, result: unknown): void {
  const error = result instanceof WebServiceError ? result : undefined;
  const value =
    error === undefined ? result : { exception: error.exception, errorcode: error.errorcode, message: error.message };
  const xml =
    error === undefined
      ? `<RESPONSE>\n${moodleXml(value)}</RESPONSE>\n`
      : `<EXCEPTION class="${error.exception}">\n<ERRORCODE>${error.errorcode}</ERRORCODE>\n<MESSAGE>${escapeHtml(error.message)}</MESSAGE>\n</EXCEPTION>\n`;
  send(response, {
    status: 200,
    contentType: json ? 'application/json' : 'application/xml; charset=utf-8',
    cacheControl: 'private, must-revalidate, pre-check=0, post-check=0, max-age=0',
    headers: { 'Accept-Ranges': 'none', Pragma: 'no-cache', 'Access-Control-Allow-Origin': '*' },
    body: json ? phpJson(value) : `<?xml version="1.0" encoding="UTF-8" ?>\n${xml}`,
  });
}

function serve(simulation: Simulation, request: Request, response: Response): void {
  const { query, post } = fieldsOf(request, simulation.site.maxInputVars);
  const fields: PhpArray = { ...query, ...post };
  const json = fields['moodlewsrestformat'] === 'json';
  try {
    sendResult(response, json, callFunction(simulation, fields, request.socket.remoteAddress ?? ''));
  } catch (error) {
    if (!(error instanceof WebServiceError)) throw error;
    sendResult(response, json, error);
  }
}

/** GET and POST, form fields only; `Authorization` and JSON bodies are not read. */
export function webService(simulation: Simulation): Router {
  const router = Router();
  router.all('/webservice/rest/server.php', (request, response) => serve(simulation, request, response));
  return router;
}
