// The public face of the bridge: which address is guarded by what, and one place where failures become pages.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { errors } from 'oidc-provider';
import type { Config } from '../../src/config/config.ts';
import { navigationOnly } from '../../src/http/navigation-only.ts';
import { isDatabaseDown } from '../../src/http/problem.ts';
import type { BrowserBinding } from './browser-binding.ts';
import { CALLBACK_PATH } from './callback.ts';
import type { LoginLinkRoutes } from './login-link.ts';
import type { Pages } from './pages.ts';
import { pinHost } from './pin-host.ts';
import type { Provider } from './provider-types.ts';
import type { SigninFlow } from './signin-flow.ts';
import { REFUSAL_TEXTS, SigninRefusal } from './signin-refusal.ts';
import type { ReportSignin } from './signin-report.ts';

export interface BridgeAppOptions {
  readonly config: Config;
  readonly provider: Provider;
  readonly binding: BrowserBinding;
  readonly resumeGuard: RequestHandler<{ uid: string }>;
  readonly flow: SigninFlow;
  readonly callback: RequestHandler;
  readonly afterLogout: RequestHandler;
  readonly loginLink: LoginLinkRoutes;
  readonly pages: Pages;
  readonly report: ReportSignin;
}

export function createBridgeApp(options: BridgeAppOptions): Express {
  const { config, binding, flow, loginLink } = options;
  const app = express();
  trustNearestProxies(app, config.listen.proxies);
  app.set('query parser', 'simple');
  app.use(pinHost(config.bridge.publicUrl), securityHeaders(config), refuseNul);
  const providerCallback = options.provider.callback();
  const provider: RequestHandler = (req, res) => providerCallback(req, res);
  const navigation = navigationOnly((req) => {
    const mode = req.get('sec-fetch-mode');
    const destination = req.get('sec-fetch-dest');
    throw new SigninRefusal('not_navigation', {
      detail: `Sec-Fetch-Mode ${mode ?? 'absent'}, Sec-Fetch-Dest ${destination ?? 'absent'}`,
    });
  });
  const limited = limitPerAddress();

  // A limit of its own: each request makes rows, and nothing has proven the sender yet.
  app.get('/auth', limitPerAddress(), navigation, binding.begin, provider);
  app.get('/auth/:uid', navigation, binding.require, options.resumeGuard, provider);
  app.get('/interaction/:uid', limited, navigation, binding.require, flow.begin);
  app.get('/interaction/:uid/finish', limited, navigation, binding.require, flow.finish);
  app.get(CALLBACK_PATH, limited, navigation, options.callback);
  app.get('/after-logout', navigation, options.afterLogout);
  app.get('/login-link/:token', limited, navigation, loginLink.ask);
  app.post('/login-link/:token', limited, navigation, loginLink.confirm);
  for (const path of ['/token', '/me', '/jwks', '/.well-known/openid-configuration']) app.all(path, provider);
  addAssets(app);
  app.use(addressUnknown(options));
  app.use(pageOfFailure(options));
  return app;
}

/**
 * The address of a person behind an ingress is in X-Forwarded-For; it serves the rate limit alone.
 * Only the nearest hops are believed, and only when they are private addresses: what stands further left was written by whoever sent it.
 */
function trustNearestProxies(app: Express, hops: number): void {
  app.set('trust proxy', 'loopback, linklocal, uniquelocal');
  const isPrivate = app.get('trust proxy fn') as (address: string, hop: number) => boolean;
  app.set('trust proxy', (address: string, hop: number) => hop < hops && isPrivate(address, hop));
}

/** PostgreSQL stores no NUL character, neither in text nor in JSON; no honest address has one. */
const refuseNul: RequestHandler = (req, _res, next) => {
  if (req.url.includes('%00')) throw new SigninRefusal('bad_request', { detail: 'the address holds a NUL character' });
  next();
};

/** A lecture hall may share one address; memory is enough: each replica counts its own. */
function limitPerAddress(): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: 1200,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler: (_req, _res, next) =>
      next(new SigninRefusal('rate_limited', { detail: 'more than 1200 requests in a minute' })),
  });
}

/** No script anywhere. Chromium applies form-action to the redirects after a form too: hub and user servers are named for the login link. */
function securityHeaders(config: Config): RequestHandler {
  const hub = new URL(config.hub.publicUrl);
  const secure = config.bridge.publicUrl.startsWith('https://');
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        formAction: ["'self'", hub.origin, `${hub.protocol}//*.${hub.host}`],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    // `no-referrer` would make a form's Origin "null".
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: secure,
  });
}

function addAssets(app: Express): void {
  const bootstrap = createRequire(import.meta.url).resolve('bootstrap/dist/css/bootstrap.min.css');
  const own = fileURLToPath(new URL('./views/bridge.css', import.meta.url));
  const cached = { maxAge: '1d' };
  app.get('/assets/bootstrap.min.css', (_req, res) => res.sendFile(bootstrap, cached));
  app.get('/assets/bridge.css', (_req, res) => res.sendFile(own, cached));
}

function addressUnknown({ config, pages }: BridgeAppOptions): RequestHandler {
  return (req, res) => {
    const start = req.path === '/';
    pages.sendMessage(res, start ? 200 : 404, {
      title: start ? `Sign-in of ${config.site.name}` : 'There is nothing at this address',
      sentences: ['This service signs people in for others. There is nothing to see here.'],
      links: [{ label: 'Go to the hub', href: `${config.hub.publicUrl}/hub/` }],
    });
  };
}

/** Two texts per failure: a safe one with the request id for the browser, the full one in the log. */
function pageOfFailure({ pages, report }: BridgeAppOptions): ErrorRequestHandler {
  return (error, _req, res, next) => {
    if (res.headersSent) {
      next(error);
      return;
    }
    const refusal = toRefusal(error);
    report(refusal.outcome, refusal.facts, refusal.cause);
    const text = REFUSAL_TEXTS[refusal.outcome];
    pages.sendMessage(res, text.status, {
      title: text.title,
      sentences: [refusal.sentence ?? text.sentence],
      links: [pages.beginAgain],
      showRequestId: true,
    });
  };
}

export function toRefusal(error: unknown): SigninRefusal {
  if (error instanceof SigninRefusal) return error;
  const message = error instanceof Error ? error.message : String(error);
  // A part of the path that cannot be decoded.
  if (error instanceof URIError) return new SigninRefusal('bad_request', { detail: 'the address is not well-formed' });
  if (error instanceof errors.SessionNotFound) return new SigninRefusal('expired', { detail: message });
  if (isDatabaseDown((error as { code?: string }).code, error))
    return new SigninRefusal('unavailable', { detail: 'the database cannot be reached' }, undefined, { cause: error });
  return new SigninRefusal('internal_error', { detail: message }, undefined, { cause: error });
}
