// The bridge's own cookies: names with __Host- under https, values random; what they stand for is a row (bridge-hosts.md 4, 7).
import type { CookieOptions, Request, Response } from 'express';

/** browser: binds a sign-in to this browser. sso: finish as this person. after: where to go after the hub's logout. person: who was here last. */
export type CookieKind = 'browser' | 'sso' | 'after' | 'person';

/** Name of the provider's own cookie. */
export const RESUME_COOKIE = 'ob_resume';

export interface BridgeCookies {
  readonly sessionName: string;
  readonly read: (req: Request, kind: CookieKind) => string | null;
  /** The sign-in that the provider would resume. Its path is not /, so it has no prefix. */
  readonly readResume: (req: Request) => string | null;
  readonly set: (res: Response, kind: CookieKind, value: string, maxAgeSeconds?: number) => void;
  readonly clear: (res: Response, kind: CookieKind) => void;
  readonly secure: boolean;
}

export function createBridgeCookies(issuer: string): BridgeCookies {
  const secure = issuer.startsWith('https://');
  const prefix = secure ? '__Host-' : '';
  const nameOf = (kind: string): string => `${prefix}ob_${kind}`;
  // Lax, never Strict: Strict stays away after the redirect from Moodle (bridge.md 3).
  const options: CookieOptions = { httpOnly: true, sameSite: 'lax', path: '/', secure };
  return {
    secure,
    sessionName: nameOf('session'),
    read: (req, kind) => readCookie(req.headers.cookie ?? '', nameOf(kind)),
    readResume: (req) => readCookie(req.headers.cookie ?? '', RESUME_COOKIE),
    set: (res, kind, value, maxAgeSeconds) => {
      res.cookie(nameOf(kind), value, {
        ...options,
        ...(maxAgeSeconds === undefined ? {} : { maxAge: maxAgeSeconds * 1000 }),
      });
    },
    clear: (res, kind) => {
      res.clearCookie(nameOf(kind), options);
    },
  };
}

/** The first of that name; our values need no decoding. */
function readCookie(header: string, name: string): string | null {
  for (const part of header.split(';')) {
    const cut = part.indexOf('=');
    if (cut > 0 && part.slice(0, cut).trim() === name) {
      const value = part.slice(cut + 1).trim();
      return /^[A-Za-z0-9_-]{1,100}$/.test(value) ? value : null;
    }
  }
  return null;
}
