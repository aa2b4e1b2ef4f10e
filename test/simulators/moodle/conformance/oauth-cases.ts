// The state in which each recorded OAuth request was made: which codes and tokens existed, who was signed in.
import type { IssuedCode, IssuedToken } from '../oauth-state.ts';

export interface RecordedAnswer {
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly form?: Record<string, unknown> | [string, string][];
    readonly json?: unknown;
    readonly headers?: Record<string, string>;
  };
  readonly status: number;
  readonly location?: string;
  readonly content_type: string;
  readonly cache_control?: string;
  readonly www_authenticate?: string;
  readonly set_cookie?: string;
  readonly body: string;
  readonly raw?: string;
}

const CALLBACK = 'http://127.0.0.1:9999/hub/oauth_callback';
const STUDENT1 = 3;
/** Somebody whose user_info has the recorded length of 218 bytes: a student with a two-digit number. */
const STUDENT40 = 42;

type CodeFacts = Partial<Pick<IssuedCode, 'redirectUri' | 'scope' | 'userId'>> & { readonly age?: number };

/** Codes by the name of the case that redeems them; default: student1, scope user_info, bound to no redirect_uri, fresh. */
const CODES: Readonly<Record<string, CodeFacts>> = {
  token_code_expired: { age: 31 },
  token_no_scope_anywhere: { scope: null },
  token_scope_upgrade_at_token_endpoint: { scope: null },
};

/** The code that most of the matrix uses was issued silently, so that its redirect_uri was bound (moodle.md 1.5). */
const BOUND_CODE = '936a65e818a089ca9d80c1832b8b739bf537264e';
const GONE = new Set(['token_code_reused', 'token_bad_code']);

export function codeFor(name: string, answer: RecordedAnswer, now: number): IssuedCode | undefined {
  const { form, json } = answer.request;
  const sent = (form ?? json ?? {}) as Record<string, unknown>;
  const code = sent['code'];
  if (typeof code !== 'string' || GONE.has(name)) return undefined;
  const facts = CODES[name] ?? {};
  return {
    code,
    clientId: 'jupyterhub',
    userId: STUDENT1,
    redirectUri: code === BOUND_CODE ? CALLBACK : undefined,
    scope: 'user_info',
    ...facts,
    expiresAt: now + 30 - (facts.age ?? 0),
  };
}

type TokenFacts = Partial<IssuedToken> & { readonly age?: number };

const TOKENS: Readonly<Record<string, TokenFacts>> = {
  user_info_expired: { age: 3601 },
  user_info_without_scope__LEAK: { scope: null },
  userinfo_token_after_suspend: { userId: STUDENT40 },
  userinfo_token_after_user_deleted: { userId: 43 },
};

const UNKNOWN_TOKENS = new Set(['user_info_bad', 'userinfo_json_token_true']);

export function tokenFor(name: string, answer: RecordedAnswer, now: number): [string, IssuedToken] | undefined {
  if (!answer.request.url.includes('user_info.php') || UNKNOWN_TOKENS.has(name)) return undefined;
  const header = answer.request.headers?.['Authorization'] ?? '';
  const form = (answer.request.form ?? {}) as Record<string, unknown>;
  const text = /[0-9a-f]{40}/.exec(`${header} ${answer.request.url} ${String(form['access_token'] ?? '')}`)?.[0];
  if (text === undefined) return undefined;
  const facts = TOKENS[name] ?? {};
  return [text, { userId: STUDENT1, scope: 'user_info', ...facts, expiresAt: now + 3600 - (facts.age ?? 0) }];
}

/** Cases of login.php that were asked without a Moodle session. */
export const LOGGED_OUT = new Set([
  'authz_unknown_client_logged_out',
  'suspended_user_authz',
  'authz_session_after_suspend',
  'authz_session_after_delete',
  'authz_after_logout',
]);

/** Cases for which student1 had not consented yet. */
export const WITHOUT_CONSENT = new Set([
  'denied_consent',
  'after_deny_again',
  'consent_bad_sesskey',
  'authz_no_scope_first',
]);
