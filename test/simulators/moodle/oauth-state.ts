// The plugin's tables: codes, access tokens and consents. They outlive sessions, suspensions and clients (moodle.md 1.3, 1.9).
import { randomBytes } from 'node:crypto';
import type { MoodleSite, OauthClient } from './model.ts';

export const CODE_LIFETIME_SECONDS = 30;
export const TOKEN_LIFETIME_SECONDS = 3600;

export interface IssuedCode {
  readonly code: string;
  readonly clientId: string;
  readonly userId: number;
  /** Only the URI that was sent to the authorize step that gave the code: lost by a login or a consent (moodle.md 1.5). */
  readonly redirectUri: string | undefined;
  readonly scope: string | null;
  readonly expiresAt: number;
}

export interface IssuedToken {
  readonly userId: number | null;
  readonly scope: string | null;
  readonly expiresAt: number;
}

export interface OauthState {
  readonly codes: Map<string, IssuedCode>;
  readonly tokens: Map<string, IssuedToken>;
  readonly consents: Set<string>;
}

export const createOauthState = (): OauthState => ({ codes: new Map(), tokens: new Map(), consents: new Set() });

/** 40 hex digits, as the library makes codes and tokens. */
export const newSecret = (): string => randomBytes(20).toString('hex');

/** MySQL compares without regard to case (moodle.md 1.12 item 7). */
export const clientById = (site: MoodleSite, clientId: string): OauthClient | undefined =>
  site.oauthClients.find((client) => client.clientId.toLowerCase() === clientId.toLowerCase());

/** Consent is asked once per client, person and exact scope; a request without scope is stored as `login` (moodle.md 1.3, 1.6). */
export const consentKey = (clientId: string, userId: number, scope: string | undefined): string =>
  `${clientId.toLowerCase()} ${userId} ${scope === undefined || scope === '' ? 'login' : scope}`;

const SUPPORTED_SCOPES = new Set(['user_info']);

/** Every word of the scope must be one that the client has. */
export const scopeIsAllowed = (scope: string): boolean => scope.split(' ').every((word) => SUPPORTED_SCOPES.has(word));
