// The OpenID provider: code flow only, PKCE S256, clients from the configuration, everything stored in PostgreSQL (bridge.md 1).
import Provider, { type Configuration, interactionPolicy, type JWK, type KoaContextWithOIDC } from 'oidc-provider';
import type { Config, Secrets } from '../../src/config/config.ts';
import type { Db } from '../../src/database/database.ts';
import { createOidcAdapter } from '../../src/database/oidc-adapter.ts';
import { CLAIMS_BY_SCOPE } from '../../src/domain/people/person-claims.ts';
import type { AccountFinder } from './account-finder.ts';
import { type BridgeCookies, RESUME_COOKIE } from './cookies.ts';

/** A slow login at Moodle and a cup of coffee. */
export const SIGNIN_LIFETIME_SECONDS = 3600;
const SESSION_LIFETIME_SECONDS = 14 * 86_400;

export interface ProviderOptions {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly db: Db;
  readonly cookies: BridgeCookies;
  readonly findAccount: AccountFinder;
  /** Called when an interaction begins, before the browser is sent to it. */
  readonly onInteraction: (ctx: KoaContextWithOIDC, uid: string) => Promise<void>;
  readonly renderError: NonNullable<Configuration['renderError']>;
}

export function createProvider(options: ProviderOptions): Provider {
  const { config, secrets, cookies } = options;
  const { keys } = secrets;
  if (!keys) throw new Error('COURSEHUB_KEYS is missing: make a key file by `npm run admin -- keys new`.');
  const provider = new Provider(config.bridge.publicUrl, {
    adapter: createOidcAdapter(options.db),
    jwks: { keys: keys.signing as readonly JWK[] },
    cookies: {
      keys: [...keys.cookies],
      names: { session: cookies.sessionName, interaction: 'ob_interaction', resume: RESUME_COOKIE },
      long: { httpOnly: true, sameSite: 'lax', path: '/' },
      short: { httpOnly: true, sameSite: 'lax' },
    },
    clients: config.bridge.clients.map((client) => ({
      client_id: client.id,
      client_secret: secrets.bridgeClientSecrets.get(client.id) ?? '',
      redirect_uris: [...client.redirectUris],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      // The library accepts Basic from such a client as well (bridge.md 8).
      token_endpoint_auth_method: 'client_secret_post',
      application_type: 'web',
    })),
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
    pkce: { required: () => true },
    scopes: Object.keys(CLAIMS_BY_SCOPE),
    claims: Object.fromEntries(Object.entries(CLAIMS_BY_SCOPE).map(([scope, claims]) => [scope, [...claims]])),
    // Profile and groups come from userinfo only, so that no token carries them about.
    conformIdTokenClaims: true,
    findAccount: options.findAccount,
    loadExistingGrant: (ctx) => grantAllowedScopes(config, ctx),
    interactions: { policy: askUpstreamEveryTime(), url: startInteraction(options) },
    renderError: options.renderError,
    clientBasedCORS: () => false,
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      claimsParameter: { enabled: false },
    },
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 60,
      IdToken: 3600,
      Interaction: SIGNIN_LIFETIME_SECONDS,
      // Each sign-in makes one; it must outlive its tokens.
      Grant: 2 * 3600,
      Session: SESSION_LIFETIME_SECONDS,
    },
  });
  // Addresses are made from headers that the pinned Host rule has set (pin-host.ts), never from the request's.
  provider.proxy = true;
  return provider;
}

function startInteraction(
  options: ProviderOptions,
): (ctx: KoaContextWithOIDC, details: { uid: string }) => Promise<string> {
  return async (ctx, { uid }) => {
    await options.onInteraction(ctx, uid);
    return `/interaction/${uid}`;
  };
}

/**
 * The provider's own session never answers alone (design 3, Sign-in): on a shared computer the next person would get the last one's hub.
 * prompt=none therefore always fails.
 */
function askUpstreamEveryTime(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  policy
    .get('login')
    ?.checks.add(
      new interactionPolicy.Check(
        'ask_upstream',
        'every sign-in is proven by Moodle',
        (ctx) => !ctx.oidc.result?.login,
      ),
    );
  return policy;
}

/** No consent page: the configuration says what each client may have. A client that asks for more gets what it may have. */
async function grantAllowedScopes(
  config: Config,
  ctx: KoaContextWithOIDC,
): Promise<InstanceType<Provider['Grant']> | undefined> {
  const { provider, session, client, params } = ctx.oidc;
  if (!session?.accountId || !client) return undefined;
  const allowed = new Set<string>([
    'openid',
    ...(config.bridge.clients.find((known) => known.id === client.clientId)?.scopes ?? []),
  ]);
  const asked = String(params?.['scope'] ?? '')
    .split(' ')
    .filter(Boolean);
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(asked.filter((scope) => allowed.has(scope)).join(' ') || 'openid');
  const refused = asked.filter((scope) => !allowed.has(scope));
  if (refused.length > 0) grant.rejectOIDCScope(refused.join(' '));
  await grant.save();
  return grant;
}
