// Is Moodle there, and does it know our OAuth client? Asked before anybody is sent to it.
import { createExchange, describeAnswer, describeError, type Exchange, type OnAnswer } from './oauth-exchange.ts';

export interface ProbeOptions {
  readonly wwwroot: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  readonly timeoutSeconds: number;
  readonly onAnswer?: OnAnswer;
}

export type ProbeOutcome =
  | { readonly outcome: 'good' }
  | { readonly outcome: 'unreachable'; readonly detail: string }
  /** The configuration is wrong: `detail` says what to correct and what Moodle answered. */
  | { readonly outcome: 'misconfigured'; readonly detail: string };

/** Redeems a code that nobody has: a good client is told invalid_grant, a wrong one invalid_client (moodle.md 1.8). */
export async function probeClient(options: ProbeOptions): Promise<ProbeOutcome> {
  const exchange = createExchange(options.onAnswer);
  const answer = await exchange
    .fetch(`${options.wwwroot}/local/oauth/token.php`, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.timeout(options.timeoutSeconds * 1000),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: 'coursehub-start-check',
        redirect_uri: options.redirectUri,
        client_id: options.clientId,
        client_secret: options.clientSecret,
      }).toString(),
    })
    .catch(() => null);
  return readProbe(options, exchange, answer?.status ?? null);
}

function readProbe(options: ProbeOptions, { answer }: Exchange, status: number | null): ProbeOutcome {
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

const REACHABLE_FOR_SECONDS = 15;
const PATIENCE_SECONDS = 5;

/** null: Moodle answers; else what happened instead, for the log. */
export type CheckReachable = () => Promise<string | null>;

/**
 * Asks login/token.php, which starts no PHP session (NO_MOODLE_COOKIES in Moodle's source; not measured), at most every 15 s while it answers, once for all who wait.
 * Without this a browser would be sent to an address that does not answer, and nobody could say why.
 */
export function createReachabilityCheck(wwwroot: string, onAnswer: OnAnswer | undefined): CheckReachable {
  let goodUntil = 0;
  let asking: Promise<string | null> | null = null;
  const ask = async (): Promise<string | null> => {
    const exchange = createExchange(onAnswer);
    try {
      const signal = AbortSignal.timeout(PATIENCE_SECONDS * 1000);
      const response = await exchange.fetch(`${wwwroot}/login/token.php`, { redirect: 'manual', signal });
      if (response.status < 500) {
        goodUntil = performance.now() + REACHABLE_FOR_SECONDS * 1000;
        return null;
      }
      return `Moodle answered ${exchange.answer ? describeAnswer(exchange.answer) : `status ${response.status}`}`;
    } catch (error) {
      return `Moodle does not answer (${describeError(error)})`;
    }
  };
  return async () => {
    if (performance.now() < goodUntil) return null;
    asking ??= ask().finally(() => {
      asking = null;
    });
    return asking;
  };
}
