// The resolved configuration: durations in seconds, rules joined with their profiles, secrets apart.
import type { RoleMap } from '../domain/courses/course-role.ts';
import type { CourseProfileRule, Pool } from '../domain/profiles/profile.ts';
import type { Operation, ParsedConfig } from './config-schema.ts';
import type { Keys } from './keys.ts';

export const SERVICES = ['oauth-bridge', 'course-profiles', 'idle-culler', 'moodle-sync'] as const;
export type ServiceName = (typeof SERVICES)[number];

export interface Config {
  readonly site: ParsedConfig['site'];
  readonly allowInsecureHttp: boolean;
  readonly listen: ParsedConfig['listen'];
  readonly database: ParsedConfig['database'];
  readonly moodle: {
    readonly wwwroot: string;
    readonly requestTimeoutSeconds: number;
    readonly localOauth: { readonly clientId: string };
  };
  readonly hub: { readonly publicUrl: string; readonly apiUrl: string; readonly requestTimeoutSeconds: number };
  readonly bridge: {
    readonly publicUrl: string;
    readonly clients: readonly BridgeClient[];
    readonly gate: ParsedConfig['bridge']['gate'];
    /** Moodle user ids. */
    readonly operators: readonly string[];
    readonly reservedHubUsernames: readonly string[];
  };
  readonly roles: RoleMap;
  readonly pools: readonly Pool[];
  readonly rules: readonly CourseProfileRule[];
  readonly sync: {
    readonly everySeconds: number;
    readonly concurrency: number;
    readonly freshForSeconds: number;
    readonly signInTimeoutSeconds: number;
    readonly guard: { readonly maxShare: number; readonly maxNumber: number };
  };
  readonly culler: {
    readonly everySeconds: number;
    readonly dryRun: boolean;
    readonly concurrency: number;
    readonly enrolmentEndedGraceSeconds: number;
    readonly admissionLifetimeSeconds: number;
    readonly missedSnapshots: number;
  };
  readonly prometheus: {
    readonly url: string;
    readonly scrapeIntervalSeconds: number;
    readonly requestTimeoutSeconds: number;
    readonly metrics: readonly string[];
  } | null;
  readonly kubernetes: {
    readonly namespace: string;
    readonly podSelector: string;
    readonly nodes: boolean;
    readonly otherPods: boolean;
    readonly requestTimeoutSeconds: number;
  } | null;
  readonly internal: {
    readonly courseProfilesUrl: string | null;
    readonly moodleSyncUrl: string | null;
    readonly callers: readonly { readonly name: string; readonly operations: readonly Operation[] }[];
  };
  readonly logging: ParsedConfig['logging'];
}

export interface BridgeClient {
  readonly id: string;
  readonly redirectUris: readonly string[];
  readonly scopes: readonly ('profile' | 'email' | 'groups')[];
}

/** Only what the started services need is read; the rest is null. Never log a value of this type. */
export interface Secrets {
  /** null: none was given; `all-in-one` then starts an embedded PostgreSQL. */
  readonly databaseUrl: string | null;
  /** KUBECONFIG: a file that may hold a token. null: in a cluster the ServiceAccount of the pod. */
  readonly kubeconfigFile: string | null;
  readonly keys: Keys | null;
  readonly moodleOauthClientSecret: string | null;
  readonly moodleToken: string | null;
  readonly hubApiToken: string | null;
  /** OpenID client id -> secret. */
  readonly bridgeClientSecrets: ReadonlyMap<string, string>;
  /** Caller of the internal port -> token. */
  readonly internalTokens: ReadonlyMap<string, string>;
}
