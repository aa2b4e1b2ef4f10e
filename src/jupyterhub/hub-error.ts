// What can go wrong at the hub's REST API, as sentences for the operator.

export type HubFault =
  /** 403: jupyterhub answers it for unknown and expired tokens and for missing scopes alike (integration.md 5). */
  | 'refused'
  /** No answer, or a 5xx. */
  | 'unreachable'
  /** An answer that is not the API's. */
  | 'unreadable';

export class HubError extends Error {
  readonly fault: HubFault;
  constructor(fault: HubFault, sentence: string) {
    super(sentence);
    this.name = 'HubError';
    this.fault = fault;
  }
}

/** What a look at the hub needs, in the words of JupyterHub's load_roles. `list:users` contains `read:users:name`. */
export const READ_SCOPES = ['list:users', 'read:users:activity', 'read:servers'] as const;
/** What the culler's role needs. */
export const CULLER_SCOPES = [...READ_SCOPES, 'delete:servers'] as const;
