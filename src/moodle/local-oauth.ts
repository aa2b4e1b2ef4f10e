// Talks to the Moodle plugin local_oauth: authorize address, code -> token -> user_info, with its quirks (moodle.md 1, bridge.md 2).
import * as client from 'openid-client';
import { z } from 'zod';
import { examineMoodleAccount, type MoodleAccount } from '../domain/people/moodle-account.ts';
import { createExchange, describeAnswer, describeError, type Exchange } from './oauth-exchange.ts';
import {
  type CheckReachable,
  createReachabilityCheck,
  type ProbeOptions,
  type ProbeOutcome,
  probeClient,
} from './oauth-probe.ts';

export type { ProbeOutcome };

/** `redirectUri`: the one registered callback address; Moodle compares it as text (moodle.md 1.5). */
export type LocalOauthOptions = ProbeOptions;

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

export interface LocalOauth {
  readonly authorizeUrl: (state: string) => string;
  readonly identify: (parameters: CallbackParameters) => Promise<IdentifyOutcome>;
  readonly probe: () => Promise<ProbeOutcome>;
  readonly checkReachable: CheckReachable;
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
      client.buildAuthorizationUrl(makeConfiguration(createExchange(options.onAnswer)), {
        redirect_uri: options.redirectUri,
        scope: 'user_info',
        state,
      }).href,

    async identify(parameters) {
      if (parameters.error !== null) return fromErrorRedirect(parameters);
      if (parameters.code === null)
        return { outcome: 'failed', reason: 'bad_answer', detail: 'Moodle sent the browser back without a code' };
      const exchange = createExchange(options.onAnswer);
      try {
        return examine(await redeem(parameters, parameters.code, exchange));
      } catch (error) {
        return fromFailure(error, exchange);
      }
    },

    probe: () => probeClient(options),
    checkReachable: createReachabilityCheck(options.wwwroot, options.onAnswer),
  };
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
