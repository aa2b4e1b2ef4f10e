// What oidc-provider refuses by itself: a page for browsers, a log line that names the client and the reason.
import { type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { isDatabaseDown } from '../../src/http/problem.ts';
import { currentRequestId } from '../../src/http/request-id.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import type { Pages } from './pages.ts';
import type { Provider } from './provider-types.ts';
import { REFUSAL_TEXTS, type RefusalOutcome } from './signin-refusal.ts';
import type { ReportSignin } from './signin-report.ts';

/** The library's own page would load fonts from elsewhere (bridge.md 1). Its status stays. */
export function createErrorRenderer(pages: Pages, report: ReportSignin): NonNullable<Configuration['renderError']> {
  return (ctx, out, error) => {
    const outcome = outcomeOf(error);
    report(outcome, { client_id: clientOf(ctx), reason: out.error, detail: detailOf(error) }, causeOf(outcome, error));
    ctx.type = 'html';
    ctx.set('Cache-Control', 'no-store');
    if (outcome === 'unavailable') ctx.status = 503;
    const { title, sentence } = REFUSAL_TEXTS[outcome];
    ctx.body = pages.renderMessage({ title, sentences: [sentence], links: [pages.beginAgain], showRequestId: true });
  };
}

function outcomeOf(error: Error): RefusalOutcome {
  if (error instanceof errors.SessionNotFound) return 'expired';
  if (error instanceof errors.OIDCProviderError) return 'bad_request';
  return isDatabaseDown((error as { code?: string }).code, error) ? 'unavailable' : 'internal_error';
}

const causeOf = (outcome: RefusalOutcome, error: Error): Error | undefined =>
  outcome === 'bad_request' || outcome === 'expired' ? undefined : error;

const clientOf = (ctx: KoaContextWithOIDC): string | undefined => ctx.oidc?.client?.clientId;

/** `error_detail` holds what the library does not tell the other side. */
function detailOf(error: Error): string {
  const { error_description: description, error_detail: detail } = error as {
    error_description?: string;
    error_detail?: string;
  };
  return [description ?? error.message, detail].filter(Boolean).join(': ');
}

/** Refusals that are answered to programs or sent on to the client: log lines only. */
export function logProviderErrors(provider: Provider, logger: Logger): void {
  const log = (what: string) => (ctx: KoaContextWithOIDC, error: Error) => {
    // A page has been reported by the renderer.
    if (ctx.type === 'text/html') return;
    const fields = { request_id: currentRequestId(), client_id: clientOf(ctx), what, detail: detailOf(error) };
    logger.warn(fields, 'an OpenID request was refused');
  };
  provider.on('authorization.error', log('authorization'));
  provider.on('grant.error', log('token'));
  provider.on('userinfo.error', log('userinfo'));
  provider.on('server_error', (ctx: KoaContextWithOIDC, error: Error) => {
    if (ctx.type === 'text/html') return;
    logger.error({ request_id: currentRequestId(), client_id: clientOf(ctx), err: error }, 'an OpenID request failed');
  });
}
