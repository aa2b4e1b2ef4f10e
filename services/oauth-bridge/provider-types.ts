// The two types of oidc-provider that routes deal with.
import type Provider from 'oidc-provider';

export type { Provider };
export type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;
