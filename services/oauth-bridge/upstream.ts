// What the bridge needs of a way to prove who somebody is. One implementation today: local_oauth (src/moodle/local-oauth.ts).
import type { CallbackParameters, IdentifyOutcome, ProbeOutcome } from '../../src/moodle/local-oauth.ts';

export interface Upstream {
  /** Where the browser goes to prove itself; comes back to the callback with this state. */
  readonly authorizeUrl: (state: string) => string;
  readonly identify: (parameters: CallbackParameters) => Promise<IdentifyOutcome>;
  /** Is the counterpart there, and does it know us? Asked once at the start. */
  readonly probe: () => Promise<ProbeOutcome>;
  /** Asked before a browser is sent there. null: it answers; else what happened instead, for the log. */
  readonly checkReachable: () => Promise<string | null>;
}

export type { CallbackParameters };
