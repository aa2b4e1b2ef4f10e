// One call of a Moodle web-service function: form fields out, JSON in, and every way in which it fails as a MoodleError (moodle.md 2.1).
import type { AxiosInstance, AxiosResponse } from 'axios';
import type { Histogram } from 'prom-client';
import type { z } from 'zod';
import { createHttpClient, describeNetworkError } from '../http/http-client.ts';
import { MoodleError, refusedError } from './moodle-error.ts';

export interface MoodleWebServiceOptions {
  /** Moodle's address exactly as in its config.php: another Host is answered with a redirect. */
  readonly wwwroot: string;
  readonly token: string;
  readonly timeoutSeconds: number;
  /** Further tries after a network fault, 502, 503 or 504. Default 2. */
  readonly retries?: number;
  readonly maxSockets?: number;
  /** Labels `upstream`, `outcome`. */
  readonly duration?: Histogram<string> | undefined;
  /** Ends what is under way: the process is stopping. */
  readonly signal?: AbortSignal | undefined;
}

/** Form fields in PHP's notation, e.g. `options[0][name]`. */
export type Parameters = Readonly<Record<string, string | number>>;

export type Call = <Schema extends z.ZodType>(
  wsFunction: string,
  parameters: Parameters,
  schema: Schema,
) => Promise<z.output<Schema>>;

/** Lists of courses come whole, with their summaries: 1 to 5 kB a course, and universities have tens of thousands. */
const MAX_RESPONSE_BYTES = 200_000_000;

/** All functions that are used only read: a POST may be tried again. */
export function createCall(options: MoodleWebServiceOptions): Call {
  const client = createHttpClient({
    upstream: 'moodle',
    baseUrl: options.wwwroot,
    timeoutSeconds: options.timeoutSeconds,
    retries: 0,
    maxSockets: options.maxSockets ?? 16,
    maxResponseBytes: MAX_RESPONSE_BYTES,
    duration: options.duration,
  });
  return async (wsFunction, parameters, schema) => {
    const response = await postWithRetries(client, options, wsFunction, parameters);
    const answer = readAnswer(response, wsFunction, options.wwwroot);
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    // The path only: the values are people's data.
    const issue = parsed.error.issues[0];
    const place = issue?.path.join('.') || '(top level)';
    throw new MoodleError(
      'malformed',
      wsFunction,
      `Moodle's answer to ${wsFunction} is not as expected at ${place}: ${issue?.code ?? 'unknown'}.`,
    );
  };
}

async function postWithRetries(
  client: AxiosInstance,
  options: MoodleWebServiceOptions,
  wsFunction: string,
  parameters: Parameters,
): Promise<AxiosResponse<string>> {
  const retries = options.retries ?? 2;
  for (let attempt = 0; ; attempt += 1) {
    const last = attempt >= retries;
    try {
      const response = await post(client, options, wsFunction, parameters);
      if (last || ![502, 503, 504].includes(response.status)) return response;
    } catch (error) {
      if (options.signal?.aborted)
        throw new MoodleError('unreachable', wsFunction, 'The call to Moodle was given up: the process is ending.');
      if (last || describeNetworkError(error) === 'no answer in time')
        throw new MoodleError(
          'unreachable',
          wsFunction,
          `Moodle at ${options.wwwroot} cannot be reached: ${describeNetworkError(error)}.`,
        );
    }
    // Jitter: the calls of one run must not come back together.
    await pause(200 * 2 ** attempt * (0.5 + Math.random()), options.signal);
  }
}

const pause = (milliseconds: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });

/** The token travels in the body: addresses are logged by proxies. */
function post(
  client: AxiosInstance,
  options: MoodleWebServiceOptions,
  wsFunction: string,
  parameters: Parameters,
): Promise<AxiosResponse<string>> {
  const form = new URLSearchParams({
    wstoken: options.token,
    wsfunction: wsFunction,
    moodlewsrestformat: 'json',
    // Names as they are stored; otherwise Moodle formats them as HTML.
    moodlewssettingraw: '1',
  });
  for (const [name, value] of Object.entries(parameters)) form.set(name, String(value));
  return client.post<string>('/webservice/rest/server.php', form.toString(), {
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    ...(options.signal ? { signal: options.signal } : {}),
  });
}

function readAnswer(response: AxiosResponse<string>, wsFunction: string, wwwroot: string): unknown {
  const { status, data } = response;
  const fail = (kind: MoodleError['kind'], sentence: string): MoodleError =>
    new MoodleError(kind, wsFunction, sentence);
  if (status >= 300 && status < 400) {
    const target = originOf(response.headers['location']);
    throw fail(
      'moved',
      `Moodle redirects (${status})${target ? ` to ${target}` : ''}: moodle.wwwroot must be exactly the $CFG->wwwroot of Moodle's config.php, and is ${wwwroot}.`,
    );
  }
  if (status === 503)
    throw fail('maintenance', `Moodle at ${wwwroot} is in maintenance mode or overloaded (503): trying again later.`);
  if (status === 403)
    throw fail(
      'web-services-off',
      'Moodle answers 403: turn on web services and the REST protocol (Site administration > Server > Web services > Overview).',
    );
  if (status >= 500) throw fail('unreachable', `Moodle at ${wwwroot} answers ${status}.`);
  if (status !== 200)
    throw fail('malformed', `${wwwroot}/webservice/rest/server.php answers ${status}: check moodle.wwwroot.`);
  const answer = parseJson(data, () =>
    fail('malformed', `Moodle's answer to ${wsFunction} is not complete JSON${describeBody(response)}.`),
  );
  const refusal = asRefusal(answer);
  if (refusal) throw refusedError(wsFunction, refusal.errorcode, refusal.message);
  return answer;
}

function parseJson(text: string, failure: () => MoodleError): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw failure();
  }
}

function describeBody(response: AxiosResponse<string>): string {
  const title = /<title>([^<]{1,100})/i.exec(response.data)?.[1]?.trim();
  if (title) return `, but a page with the title "${title}": check moodle.wwwroot`;
  const type = String(response.headers['content-type'] ?? 'no type').slice(0, 60);
  return ` (${type}, ${response.data.length} characters)`;
}

function asRefusal(answer: unknown): { errorcode: string; message: string } | null {
  if (typeof answer !== 'object' || answer === null || !('errorcode' in answer)) return null;
  const { errorcode, message } = answer as { errorcode: unknown; message?: unknown };
  return { errorcode: String(errorcode), message: typeof message === 'string' ? message : '' };
}

function originOf(location: unknown): string | null {
  try {
    const address = new URL(String(location));
    // A redirect of the whole site keeps its sub-folder; parameters are nobody's business.
    return `${address.origin}${address.pathname.replace(/\/webservice\/rest\/server\.php$/, '')}`;
  } catch {
    return null;
  }
}
