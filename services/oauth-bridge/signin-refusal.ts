// Every way a sign-in can end, and what is made of it: the page, the log line and the metric come from the same value.

/** Closed: label values of coursehub_signin_total. */
export const SIGNIN_OUTCOMES = [
  'signed_in',
  'login_link',
  'switched_person',
  'refused_gate',
  'refused_suspended',
  'upstream_denied',
  'upstream_error',
  'unknown_state',
  'other_browser',
  'not_navigation',
  'expired',
  'bad_request',
  'bad_login_link',
  'rate_limited',
  'unavailable',
  'internal_error',
] as const;
export type SigninOutcome = (typeof SIGNIN_OUTCOMES)[number];
export type RefusalOutcome = Exclude<SigninOutcome, 'signed_in' | 'login_link' | 'switched_person'>;

export interface SigninFacts {
  readonly person_id?: string | undefined;
  readonly hub_username?: string | undefined;
  readonly client_id?: string | undefined;
  readonly reason?: string | undefined;
  /** The full text, for the log only. */
  readonly detail?: string | undefined;
}

/** Ends a sign-in with a page. `sentence` replaces the usual safe text of that outcome. */
export class SigninRefusal extends Error {
  readonly outcome: RefusalOutcome;
  readonly facts: SigninFacts;
  readonly sentence: string | undefined;
  constructor(outcome: RefusalOutcome, facts: SigninFacts = {}, sentence?: string, options?: ErrorOptions) {
    super(facts.detail ?? outcome, options);
    this.name = 'SigninRefusal';
    this.outcome = outcome;
    this.facts = facts;
    this.sentence = sentence;
  }
}

interface RefusalText {
  readonly status: number;
  readonly title: string;
  readonly sentence: string;
}

/** Safe for anybody: no ids, no counterpart's words. */
export const REFUSAL_TEXTS: Readonly<Record<RefusalOutcome, RefusalText>> = {
  refused_gate: {
    status: 403,
    title: 'You cannot sign in here yet',
    sentence: 'Your courses do not include this service.',
  },
  refused_suspended: {
    status: 403,
    title: 'Your account is suspended',
    sentence: 'Your Moodle account is suspended or deleted, so you cannot sign in here.',
  },
  upstream_denied: {
    status: 403,
    title: 'You did not agree',
    sentence:
      'Moodle was not allowed to say who you are, so you are not signed in. Begin again and choose "Confirm" to go on.',
  },
  upstream_error: {
    status: 502,
    title: 'Moodle could not sign you in',
    sentence: 'Moodle does not answer as it should at the moment. Please try again in a few minutes.',
  },
  unknown_state: {
    status: 400,
    title: 'This sign-in is over',
    sentence: 'It was finished already, has taken too long, or the address is not complete. Please begin again.',
  },
  other_browser: {
    status: 400,
    title: 'This sign-in belongs to another browser',
    sentence:
      'It was begun in another browser or window, or this browser does not keep cookies. Please begin again here.',
  },
  not_navigation: {
    status: 403,
    title: 'Open this address in a window of its own',
    sentence: 'A sign-in cannot run inside another page. Please open it in its own tab.',
  },
  expired: {
    status: 400,
    title: 'This sign-in is over',
    sentence: 'It has taken too long, or it was finished in another tab. Please begin again.',
  },
  bad_request: {
    status: 400,
    title: 'This sign-in cannot go on',
    sentence: 'The request that led here is not one that this service accepts. Please begin again.',
  },
  bad_login_link: {
    status: 400,
    title: 'This link does not work any more',
    sentence: 'A sign-in link works once and for five minutes. Ask for a new one.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    sentence: 'Too many sign-ins came from your address. Please wait a minute and begin again.',
  },
  unavailable: {
    status: 503,
    title: 'Signing in is not possible right now',
    sentence: 'A part of this service cannot be reached. Please try again in a few minutes.',
  },
  internal_error: {
    status: 500,
    title: 'Something went wrong',
    sentence: 'The sign-in failed on our side. Please begin again, and tell support the request number if it stays.',
  },
};
