// Asks moodle-sync to read one person's roster before they are judged; what fails or is late leaves the last known roster (design 3, Sign-in).
import type { Counter } from 'prom-client';
import { z } from 'zod';
import { createHttpClient, describeNetworkError } from '../../src/http/http-client.ts';
import type { ServiceEnvironment } from '../../src/runtime/service.ts';

export const ROSTER_OUTCOMES = ['fresh', 'recent', 'stale', 'failed', 'not_configured'] as const;

export interface RosterRefresh {
  readonly outcome: (typeof ROSTER_OUTCOMES)[number];
  readonly suspended: boolean;
}

export type RefreshRoster = (personId: string) => Promise<RosterRefresh>;

const answerSchema = z.object({
  outcome: z.enum(['fresh', 'recent', 'stale']),
  suspended: z.boolean(),
  deleted: z.boolean().default(false),
});

/** moodle-sync answers within its own deadline; this much later its silence counts as a failure. */
const MARGIN_SECONDS = 0.5;

export function createRosterRefresh(environment: ServiceEnvironment, total: Counter<'outcome'>): RefreshRoster {
  const { config, secrets, logger } = environment;
  const token = secrets.internalTokens.get('oauth-bridge');
  let client: ReturnType<typeof createHttpClient> | null = null;
  // Made at the first use: all-in-one knows its internal port only once it is open.
  const connect = (): ReturnType<typeof createHttpClient> => {
    client ??= createHttpClient({
      upstream: 'moodle-sync',
      baseUrl:
        config.internal.moodleSyncUrl ?? `http://${ownAddress(config.listen.host)}:${environment.internalPort()}`,
      timeoutSeconds: config.sync.signInTimeoutSeconds + MARGIN_SECONDS,
      headers: { authorization: `Bearer ${token}` },
      retries: 0,
      duration: environment.upstreamDuration,
    });
    return client;
  };
  const ask = async (personId: string): Promise<RosterRefresh> => {
    if (token === undefined) return { outcome: 'not_configured', suspended: false };
    try {
      const { status, data } = await connect().post(`/internal/v1/people/${personId}/sync`);
      if (status !== 200) throw new Error(`moodle-sync answered with status ${status}`);
      const answer = answerSchema.parse(JSON.parse(String(data)));
      return { outcome: answer.outcome, suspended: answer.suspended || answer.deleted };
    } catch (error) {
      logger.warn({ person_id: personId, reason: describeNetworkError(error) }, 'the roster could not be refreshed');
      return { outcome: 'failed', suspended: false };
    }
  };
  return async (personId) => {
    const refresh = await ask(personId);
    total.inc({ outcome: refresh.outcome });
    return refresh;
  };
}

const ownAddress = (host: string): string => (host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host);
