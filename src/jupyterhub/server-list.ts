// The hub's list of users with their servers (GET /users, integration.md 5.2) and the owner of a token: schemas and mapping to the domain.
import { z } from 'zod';
import type { HubServer } from '../domain/culling/presence.ts';

/** JupyterHub writes UTC with a `Z`. */
const hubTime = z
  .string()
  .transform((text) => new Date(text))
  .refine((time) => !Number.isNaN(time.getTime()), 'is not a time')
  .nullable();

const server = z.object({
  name: z.string(),
  pending: z.string().nullable(),
  ready: z.boolean(),
  stopped: z.boolean().default(false),
  started: hubTime,
  last_activity: hubTime,
});

const user = z.object({
  name: z.string(),
  /** Absent for a token without read:servers. */
  servers: z.record(z.string(), server).optional(),
});

export const userPage = z.object({
  items: z.array(user),
  _pagination: z.object({ total: z.number(), next: z.object({ offset: z.number() }).nullable() }),
});

/** Who the token belongs to (GET /user); scopes are expanded, a limited one carries its filter: `list:users!group=x`. */
export const identity = z.object({ scopes: z.array(z.string()) });

export type UserPage = z.output<typeof userPage>;

/** false: the token may not see servers, and an empty list would look like "nothing runs". */
export const showsServers = (page: UserPage): boolean => page.items.every((item) => item.servers !== undefined);

export function toHubServers(page: UserPage): readonly HubServer[] {
  return page.items.flatMap((item) =>
    Object.values(item.servers ?? {})
      .filter((entry) => !entry.stopped)
      .map(
        (entry): HubServer => ({
          hubUsername: item.name,
          serverName: entry.name,
          pending: toPending(entry.pending),
          ready: entry.ready,
          startedAt: entry.started,
          lastActivityAt: entry.last_activity,
        }),
      ),
  );
}

/** A word that a later hub may add is something under way. */
function toPending(text: string | null): HubServer['pending'] {
  if (text === null || text === '') return null;
  return text === 'spawn' || text === 'stop' ? text : 'check';
}
