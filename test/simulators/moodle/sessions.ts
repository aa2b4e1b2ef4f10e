// PHP sessions behind the MoodleSession cookie: who is logged in, where they wanted to go, the tokens of their forms.
import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import type { MoodleSite, MoodleUser } from './model.ts';

export interface MoodleSession {
  readonly id: string;
  userId: number | undefined;
  wantsUrl: string | undefined;
  loginError: string | undefined;
  readonly loginToken: string;
  readonly sesskey: string;
}

export interface Sessions {
  /** The browser's session; a new one, with its cookie, when there is none or its person was suspended or deleted meanwhile. */
  of(request: Request, response: Response): MoodleSession;
  /** Login changes the session id, so that a planted cookie is worth nothing. */
  login(response: Response, session: MoodleSession, user: MoodleUser): void;
  end(response: Response, session: MoodleSession): void;
  /** An anonymous session that nobody will use again: each token and user_info call makes one (moodle.md 1.3). */
  waste(response: Response): void;
  readonly count: () => number;
}

const random = (bytes: number): string => randomBytes(bytes).toString('hex');

export const SESSION_COOKIE = 'MoodleSession';

function cookieOf(request: Request): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === SESSION_COOKIE) return value;
  }
  return undefined;
}

export function createSessions(site: MoodleSite): Sessions {
  const sessions = new Map<string, MoodleSession>();
  const start = (response: Response, more: Partial<MoodleSession> = {}): MoodleSession => {
    const session: MoodleSession = {
      userId: undefined,
      wantsUrl: undefined,
      loginError: undefined,
      ...more,
      id: random(16),
      loginToken: random(16),
      sesskey: random(5),
    };
    sessions.set(session.id, session);
    response.appendHeader('Set-Cookie', `${SESSION_COOKIE}=${session.id}; path=/; HttpOnly`);
    return session;
  };
  return {
    of(request, response) {
      const session = sessions.get(cookieOf(request) ?? '');
      if (session === undefined) return start(response);
      const user = session.userId === undefined ? undefined : site.users.get(session.userId);
      if (session.userId !== undefined && (user === undefined || user.suspended || user.deleted)) {
        sessions.delete(session.id);
        return start(response);
      }
      return session;
    },
    login(response, session, user) {
      sessions.delete(session.id);
      start(response, { userId: user.id, wantsUrl: session.wantsUrl });
    },
    end(response, session) {
      sessions.delete(session.id);
      start(response);
    },
    waste: (response) => void start(response),
    count: () => sessions.size,
  };
}
