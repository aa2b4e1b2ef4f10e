// The oauth-bridge service: OpenID provider for the hub and others, with Moodle behind it (design 2 and 3).
import type { RequestHandler } from 'express';
import { createLocalOauth } from '../../src/moodle/local-oauth.ts';
import { databaseReadiness } from '../../src/runtime/database-readiness.ts';
import type { Schedule } from '../../src/runtime/schedule.ts';
import type { Service, ServiceEnvironment } from '../../src/runtime/service.ts';
import { createAccountFinder } from './account-finder.ts';
import { createBridgeApp } from './bridge-app.ts';
import { type BridgeMetrics, createBridgeMetrics } from './bridge-metrics.ts';
import { createBrowserBinding } from './browser-binding.ts';
import { CALLBACK_PATH, createCallback } from './callback.ts';
import { startCleanup } from './cleanup.ts';
import { createBridgeCookies } from './cookies.ts';
import { createProvider } from './create-provider.ts';
import { createLoginLinkRoutes } from './login-link.ts';
import { createPages, type Pages } from './pages.ts';
import { createPersonSwitch, type PersonSwitch } from './person-switch.ts';
import { createErrorRenderer, logProviderErrors } from './provider-errors.ts';
import { destroyProviderSession } from './provider-session.ts';
import type { Provider } from './provider-types.ts';
import { createRosterRefresh } from './refresh-roster.ts';
import { createResumeGuard } from './resume-guard.ts';
import { createSigninFlow } from './signin-flow.ts';
import { createSigninReport } from './signin-report.ts';
import type { Upstream } from './upstream.ts';

export function createOauthBridge(environment: ServiceEnvironment): Service {
  const { db, logger } = environment;
  const metrics = createBridgeMetrics(environment.metrics);
  const upstream = createUpstream(environment, (answered) => metrics.upstreamUp.set(answered ? 1 : 0));
  let cleanup: Schedule | null = null;
  return {
    name: 'oauth-bridge',
    publicHandler: createPublicHandler(environment, upstream, metrics),
    // Moodle is no part of it: without Moodle the pages still say what is the matter, and login links work.
    readiness: [databaseReadiness(db)],
    async start() {
      const probe = await upstream.probe();
      if (probe.outcome === 'misconfigured') throw new Error(probe.detail);
      if (probe.outcome === 'unreachable')
        logger.warn(
          { detail: probe.detail },
          'Moodle cannot be reached: nobody can sign in through it until it is back',
        );
      cleanup = startCleanup(environment, (rows) => metrics.rowsDeleted.inc(rows));
    },
    async stop() {
      await cleanup?.stop();
    },
  };
}

function createUpstream(
  { config, secrets, upstreamDuration }: ServiceEnvironment,
  onReach: (answered: boolean) => void,
): Upstream {
  return createLocalOauth({
    wwwroot: config.moodle.wwwroot,
    clientId: config.moodle.localOauth.clientId,
    clientSecret: secrets.moodleOauthClientSecret ?? '',
    redirectUri: `${config.bridge.publicUrl}${CALLBACK_PATH}`,
    timeoutSeconds: config.moodle.requestTimeoutSeconds,
    onAnswer: (outcome, seconds) => {
      upstreamDuration.observe({ upstream: 'moodle-oauth', outcome }, seconds);
      onReach(outcome === 'ok' || outcome === 'client_error');
    },
  });
}

function createPublicHandler(
  environment: ServiceEnvironment,
  upstream: Upstream,
  metrics: BridgeMetrics,
): RequestHandler {
  const { config, secrets, db, logger } = environment;
  const cookies = createBridgeCookies(config.bridge.publicUrl);
  const pages = createPages(config);
  const report = createSigninReport(logger, metrics.signins);
  const binding = createBrowserBinding(db, cookies);
  const provider = createProvider({
    config,
    secrets,
    db,
    cookies,
    findAccount: createAccountFinder(config, db),
    onInteraction: (ctx, uid) => binding.bind(ctx.req, uid),
    renderError: createErrorRenderer(pages, report),
  });
  logProviderErrors(provider, logger);
  const personSwitch = createPersonSwitch(config, db, provider, cookies);
  const refreshRoster = createRosterRefresh(environment, metrics.rosterRefreshes);
  return createBridgeApp({
    config,
    provider,
    binding,
    resumeGuard: createResumeGuard({ provider, cookies, personSwitch, report }),
    flow: createSigninFlow({ config, db, provider, upstream, personSwitch, refreshRoster, report }),
    callback: createCallback(db),
    afterLogout: createAfterLogout(config.hub.publicUrl, config.moodle.wwwroot, provider, personSwitch, pages),
    loginLink: createLoginLinkRoutes(config, db, pages, personSwitch),
    pages,
    report,
  });
}

/** The hub's logout ends here: in the middle of a switch of persons it goes on, else it says what is still open (bridge.md 6). */
function createAfterLogout(
  hubUrl: string,
  wwwroot: string,
  provider: Provider,
  personSwitch: PersonSwitch,
  pages: Pages,
): RequestHandler {
  return async (req, res) => {
    const next = await personSwitch.land(req, res);
    if (next !== null) {
      res.redirect(303, next);
      return;
    }
    await destroyProviderSession(provider, req, res);
    pages.sendMessage(res, 200, {
      title: 'You are signed out of the hub',
      sentences: ['You are still signed in to Moodle. On a shared computer, sign out there too.'],
      links: [
        { label: 'Sign out of Moodle', href: `${wwwroot}/login/logout.php` },
        { label: 'Sign in again', href: `${hubUrl}/hub/oauth_login` },
      ],
    });
  };
}
