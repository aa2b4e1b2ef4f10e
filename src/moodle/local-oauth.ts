// Talks to the Moodle plugin local_oauth: authorize address, code -> token -> user_info, with its quirks (moodle.md 1, bridge.md 2).
import * as client from 'openid-client';
import { z } from 'zod';
import { examineMoodleAccount, type MoodleAccount } from '../domain/people/moodle-account.ts';

export interface LocalOauthOptions {
  readonly wwwroot: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The one registered callback address: Moodle compares it as text (moodle.md 1.5). */
  readonly redirectUri: string;
  readonly timeoutSeconds: number;
  /** Called for each answer of Moodle, or its absence. */
  readonly onAnswer?: (outcome: 'ok' | 'client_error' | 'server_error' | 'no_answer', seconds: number) => void;
}

/** What came back to the callback address. */
export interface CallbackParameters {
  readonly state: string;
  readonly code: string | null;
  readonly error: string | null;
  readonly errorDescription: string | null;
}

export type IdentifyOutcome =
  | { readonly outcome: 'identified'; readonly account: MoodleAccount }
  /** The person chose Cancel on Moodle's consent page. */
  | { readonly outcome: 'denied'; readonly detail: string }
  /** `detail` says which step failed and what Moodle answered; for the log only. */
  | {
      readonly outcome: 'failed';
      readonly reason: 'unreachable' | 'wrong_client' | 'bad_code' | 'bad_answer' | 'doubtful_account';
      readonly detail: string;
    };

export type ProbeOutcome =
  | { readonly outcome: 'good' }
  | { readonly outcome: 'unreachable'; readonly detail: string }
  /** The configuration is wrong: `detail` says what to correct and what Moodle answered. */
  | { readonly outcome: 'misconfigured'; readonly detail: string };

export interface LocalOauth {
  readonly authorizeUrl: (state: string) => string;
  readonly identify: (parameters: CallbackParameters) => Promise<IdentifyOutcome>;
  readonly probe: () => Promise<ProbeOutcome>;
}

/** Exactly the 12 fields of moodle.md 1.3 come; these are used. */
const userInfoSchema = z.object({
  id: z.union([z.string(), z.number()]).transform(String),
  username: z.string(),
  firstname: z.string(),
  lastname: z.string(),
  email: z.string(),
  lang: z.string().nullable().default('en'),
});

export function createLocalOauth(options: LocalOauthOptions): LocalOauth {
  const at = (page: string): string => `${options.wwwroot}/local/oauth/${page}`;
  const makeConfiguration = (exchange: Exchange): client.Configuration => {
    const configuration = new client.Configuration(
      {
        issuer: options.wwwroot,
        authorization_endpoint: at('login.php'),
        token_endpoint: at('token.php'),
        userinfo_endpoint: at('user_info.php'),
      },
      options.clientId,
      undefined,
      client.ClientSecretPost(options.clientSecret),
    );
    configuration.timeout = options.timeoutSeconds;
    configuration[client.customFetch] = exchange.fetch;
    // The configuration has decided about plain http (allowInsecureHttp).
    if (options.wwwroot.startsWith('http://')) client.allowInsecureRequests(configuration);
    return configuration;
  };

  const redeem = async (parameters: CallbackParameters, code: string, exchange: Exchange): Promise<unknown> => {
    const configuration = makeConfiguration(exchange);
    // token.php compares redirect_uri with the one of the authorize request, so the URL is built from the public address (bridge.md 2).
    const callback = new URL(options.redirectUri);
    callback.search = new URLSearchParams({ code, state: parameters.state }).toString();
    exchange.step = 'token.php';
    const tokens = await client.authorizationCodeGrant(
      configuration,
      callback,
      { expectedState: parameters.state },
      { scope: 'user_info' },
    );
    exchange.step = 'user_info.php';
    // fetchUserInfo refuses the answer: JSON as text/html (moodle.md 1.3).
    const response = await client.fetchProtectedResource(
      configuration,
      tokens.access_token,
      new URL(at('user_info.php')),
      'GET',
    );
    if (response.status !== 200) throw new Error('not status 200');
    return response.json();
  };

  return {
    authorizeUrl: (state) =>
      client.buildAuthorizationUrl(makeConfiguration(createExchange(options)), {
        redirect_uri: options.redirectUri,
        scope: 'user_info',
        state,
      }).href,

    async identify(parameters) {
      if (parameters.error !== null) return fromErrorRedirect(parameters);
      if (parameters.code === null)
        return { outcome: 'failed', reason: 'bad_answer', detail: 'Moodle sent the browser back without a code' };
      const exchange = createExchange(options);
      try {
        return examine(await redeem(parameters, parameters.code, exchange));
      } catch (error) {
        return fromFailure(error, exchange);
      }
    },

    async probe() {
      const exchange = createExchange(options);
      exchange.step = 'token.php';
      const answer = await exchange
        .fetch(at('token.php'), {
          method: 'POST',
          redirect: 'manual',
          signal: AbortSignal.timeout(options.timeoutSeconds * 1000),
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({
            grant_type: 'authorization_code',
            // Nobody's code: a good client is told invalid_grant, a wrong one invalid_client (moodle.md 1.8).
            code: 'coursehub-start-check',
            redirect_uri: options.redirectUri,
            client_id: options.clientId,
            client_secret: options.clientSecret,
          }).toString(),
        })
        .catch(() => null);
      return readProbe(options, exchange, answer?.status ?? null);
    },
  };
}

/** One exchange with Moodle: remembers what was answered last, without tokens and personal data. */
interface Exchange {
  step: string;
  answer: Answer | null;
  readonly fetch: (url: string, init?: client.CustomFetchOptions | RequestInit) => Promise<Response>;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly location: string | null;
  /** `error` and `error_description` of a JSON error, or the title of an HTML page. */
  readonly error: string | null;
  readonly description: string;
}

function createExchange(options: Pick<LocalOauthOptions, 'onAnswer'>): Exchange {
  const exchange: Exchange = {
    step: 'login.php',
    answer: null,
    async fetch(url, init) {
      const startedAt = performance.now();
      const report = (outcome: 'ok' | 'client_error' | 'server_error' | 'no_answer'): void =>
        options.onAnswer?.(outcome, (performance.now() - startedAt) / 1000);
      exchange.answer = null;
      try {
        const response = await fetch(url, init as RequestInit);
        exchange.answer = await summarise(response.clone());
        report(response.status < 400 ? 'ok' : response.status < 500 ? 'client_error' : 'server_error');
        return response;
      } catch (error) {
        report('no_answer');
        throw error;
      }
    },
  };
  return exchange;
}

async function summarise(response: Response): Promise<Answer> {
  const text = await response.text();
  const title = /<title>([^<]{0,120})/i.exec(text)?.[1]?.trim();
  const error = readOauthError(text);
  return {
    status: response.status,
    contentType: response.headers.get('content-type') ?? 'no content type',
    location: response.headers.get('location'),
    error: error?.code ?? null,
    description: error
      ? `${error.code}: ${error.description}`
      : title
        ? `a page titled "${title}"`
        : `${text.length} characters`,
  };
}

function readOauthError(text: string): { readonly code: string; readonly description: string } | null {
  try {
    const body: unknown = JSON.parse(text);
    const parsed = z.object({ error: z.string(), error_description: z.string().default('') }).safeParse(body);
    return parsed.success
      ? { code: parsed.data.error.slice(0, 60), description: parsed.data.error_description.slice(0, 200) }
      : null;
  } catch {
    return null;
  }
}

const describeAnswer = (answer: Answer): string =>
  `status ${answer.status}, ${answer.contentType}${answer.location ? `, Location ${withoutQuery(answer.location)}` : ''}, ${answer.description}`;

const withoutQuery = (url: string): string => url.replace(/\?.*$/s, '');

/** Only the type of a failure and the code of its cause: a library's message may quote what was parsed. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const cause = error.cause as { code?: unknown } | undefined;
  const code = (error as { code?: unknown }).code ?? cause?.code;
  return typeof code === 'string' ? `${error.name} ${code}` : error.name;
}

function fromErrorRedirect(parameters: CallbackParameters): IdentifyOutcome {
  const detail = `Moodle answered the authorize request with ${parameters.error}: ${parameters.errorDescription ?? ''}`;
  return parameters.error === 'access_denied'
    ? { outcome: 'denied', detail }
    : { outcome: 'failed', reason: 'bad_answer', detail };
}

function examine(body: unknown): IdentifyOutcome {
  const parsed = userInfoSchema.safeParse(body);
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'answer').join(', ');
    return { outcome: 'failed', reason: 'bad_answer', detail: `user_info.php lacks or mistypes: ${fields}` };
  }
  const { id, username, firstname, lastname, email, lang } = parsed.data;
  const examined = examineMoodleAccount({
    id,
    username,
    firstName: firstname,
    lastName: lastname,
    email,
    lang: lang ?? 'en',
  });
  if (examined.outcome === 'believable') return { outcome: 'identified', account: examined.account };
  return {
    outcome: 'failed',
    reason: 'doubtful_account',
    detail: `user_info.php described Moodle user ${id}, which cannot be believed: ${examined.reason}`,
  };
}

function fromFailure(error: unknown, exchange: Exchange): IdentifyOutcome {
  const { step, answer } = exchange;
  if (answer === null)
    return { outcome: 'failed', reason: 'unreachable', detail: `${step} did not answer (${describeError(error)})` };
  const detail = `${step} answered ${describeAnswer(answer)} (${describeError(error)})`;
  if (answer.status >= 500) return { outcome: 'failed', reason: 'unreachable', detail };
  if (answer.error === 'invalid_client')
    return {
      outcome: 'failed',
      reason: 'wrong_client',
      detail: `${detail}: MOODLE_OAUTH_CLIENT_SECRET or moodle.localOauth.clientId is wrong`,
    };
  if (answer.error === 'invalid_grant' || answer.error === 'redirect_uri_mismatch')
    return { outcome: 'failed', reason: 'bad_code', detail };
  return { outcome: 'failed', reason: 'bad_answer', detail };
}

function readProbe(options: LocalOauthOptions, exchange: Exchange, status: number | null): ProbeOutcome {
  const { answer } = exchange;
  if (answer === null || status === null)
    return { outcome: 'unreachable', detail: `Moodle at ${options.wwwroot} does not answer` };
  const said = `Moodle answered ${describeAnswer(answer)}`;
  const wrong = (correction: string): ProbeOutcome => ({ outcome: 'misconfigured', detail: `${correction} ${said}.` });
  if (answer.error === 'invalid_grant' || answer.error === 'redirect_uri_mismatch') return { outcome: 'good' };
  if (answer.error === 'invalid_client')
    return wrong(
      `MOODLE_OAUTH_CLIENT_SECRET or moodle.localOauth.clientId ("${options.clientId}") is wrong: compare both with Site administration > Server > OAuth provider settings in Moodle.`,
    );
  if (status >= 500) return { outcome: 'unreachable', detail: said };
  if (status >= 300 && status < 400)
    return wrong(
      `moodle.wwwroot (${options.wwwroot}) is not Moodle's own address: it must be exactly $CFG->wwwroot of Moodle's config.php.`,
    );
  if (status === 404)
    return wrong(
      `There is no local_oauth plugin at moodle.wwwroot (${options.wwwroot}): install the plugin, or correct the address.`,
    );
  return wrong(`moodle.wwwroot (${options.wwwroot}) does not look like a Moodle with the plugin local_oauth.`);
}
