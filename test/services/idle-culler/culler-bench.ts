// What the culler's tests start: database, simulated hub and Prometheus, the service, and sessions as course-profiles would have written them.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { createIdleCuller } from '../../../services/idle-culler/create-idle-culler.ts';
import { STOP_CHANNEL } from '../../../src/database/metering.ts';
import type { SessionTable } from '../../../src/database/schema.ts';
import { type SessionId, sessionId } from '../../../src/domain/ids.ts';
import { toSessionSnapshot } from '../../../src/domain/profiles/session-snapshot.ts';
import { type HubSimulator, startHubSimulator } from '../../simulators/hub/hub-simulator.ts';
import {
  type PrometheusSimulator,
  startPrometheusSimulator,
} from '../../simulators/prometheus/prometheus-simulator.ts';
import { eventually } from '../../support/eventually.ts';
import { type Roster, seedRoster } from '../../support/seed-roster.ts';
import { startTestServices, type TestServices } from '../../support/start-test-services.ts';
import { testConfig, testConfigText } from '../../support/test-config.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

export const HOUR = 3600;
export const ago = (seconds: number): Date => new Date(Date.now() - seconds * 1000);

export interface SessionSeed {
  readonly user: string;
  readonly server?: string;
  readonly profile?: 'gpu' | 'cpu';
  /** Seconds since the server started (and the session was admitted). */
  readonly age?: number;
  /** Seconds since the last activity; default 0. */
  readonly quiet?: number;
  /** false: no server on the hub. */
  readonly running?: boolean;
  readonly columns?: Partial<Pick<SessionTable, 'first_seen_at' | 'last_seen_at' | 'hub_started_at' | 'started_at'>> & {
    readonly admission_expires_at?: Date;
  };
}

export interface CullerBench {
  readonly database: TestDatabase;
  readonly hub: HubSimulator;
  readonly prometheus: PrometheusSimulator;
  readonly services: TestServices;
  readonly roster: Roster;
  readonly course: string;
  readonly session: (seed: SessionSeed) => Promise<SessionId>;
  readonly row: (id: SessionId) => Promise<Record<keyof SessionTable, unknown>>;
  /** The GPUs of a server have behaved so since then. */
  readonly gpu: (user: string, state: 'busy' | 'idle' | 'silent', sinceSeconds?: number) => void;
  /** One whole cycle that begins after the call. */
  readonly cycle: () => Promise<void>;
  readonly metric: (line: string) => Promise<number>;
  readonly stop: () => Promise<void>;
}

const CYCLE_ENDS = new Set(['cycle', 'cycle failed', 'cycle skipped: no good list of servers']);

/** @param culler further keys of the config's `culler`. The timer is slow: a test says when to look. */
export async function startCullerBench(
  culler = '',
  { more = '', env = {} }: { readonly more?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<CullerBench> {
  const database = await createTestDatabase();
  const hub = await startHubSimulator();
  let shiftSeconds = 0;
  const prometheus = await startPrometheusSimulator({
    scrapeIntervalSeconds: 30,
    now: () => Date.now() / 1000 + shiftSeconds,
  });
  const configText = testConfigText(
    { hubApi: hub.apiUrl, prometheus: prometheus.url },
    `culler: { every: 1h${culler && `, ${culler}`} }\n${more}`,
  ).replace('scrapeInterval: 1s', 'scrapeInterval: 30s, requestTimeout: 1s');
  const services = await startTestServices({
    name: 'idle-culler',
    services: ['idle-culler'],
    create: (environment) => [createIdleCuller(environment)],
    configText,
    databaseUrl: database.url,
    env: { HUB_API_TOKEN: hub.token, ...env },
  });
  const roster = await seedRoster(database.db);
  const course = await roster.course('DL202');
  const people = new Map<string, string>();
  const cyclesEnded = (): number => services.log.filter(({ msg }) => CYCLE_ENDS.has(String(msg))).length;
  await eventually(() => cyclesEnded() >= 2, 'the first cycles');

  const personOf = async (user: string): Promise<string> => {
    const known = people.get(user);
    if (known) return known;
    const person = await roster.person({ hubUsername: user });
    await roster.enrol(person, course);
    people.set(user, person);
    return person;
  };

  return {
    database,
    hub,
    prometheus,
    services,
    roster,
    course,
    async session({ user, server = '', profile = 'gpu', age = 2 * HOUR, quiet = 0, running = true, columns = {} }) {
      const person_id = await personOf(user);
      const id = await insertSession(database, { user, server, profile, age, course, person_id, columns });
      if (running) hub.start(user, server, { started: ago(age), lastActivity: ago(quiet) });
      return id;
    },
    async row(id) {
      return database.db.selectFrom('session').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    },
    gpu(user, state, sinceSeconds = 3 * HOUR) {
      shiftSeconds = -sinceSeconds;
      prometheus.setGpu('local', `${user}--`, state);
      shiftSeconds = 0;
    },
    async cycle() {
      const before = cyclesEnded();
      await sql`select pg_notify(${STOP_CHANNEL}, '')`.execute(database.db);
      await eventually(() => cyclesEnded() > before, 'a cycle');
    },
    async metric(line) {
      const text = await (await fetch(`${services.opsUrl}/metrics`)).text();
      const found = text.split('\n').find((each) => each.startsWith(`${line} `));
      return found ? Number(found.slice(line.length + 1)) : Number.NaN;
    },
    async stop() {
      await services.stop();
      await Promise.all([hub.stop(), prometheus.stop()]);
      await database.drop();
    },
  };
}

async function insertSession(
  { db }: TestDatabase,
  seed: Required<Pick<SessionSeed, 'user' | 'server' | 'profile' | 'age' | 'columns'>> & {
    readonly course: string;
    readonly person_id: string;
  },
): Promise<SessionId> {
  const { user, server, course, profile } = seed;
  const rule = testConfig().rules.find(({ id }) => id === profile);
  if (!rule) throw new Error(`the test config has no rule ${profile}`);
  const courseProfile = { ...rule, rule, id: `${course}-${profile}` as never, courseId: course as never };
  const row = await db
    .insertInto('session')
    .values({
      request_id: randomUUID(),
      person_id: seed.person_id,
      hub_username: user,
      server_name: server,
      course_id: course,
      course_profile_id: courseProfile.id,
      snapshot: JSON.stringify(
        toSessionSnapshot(courseProfile, { id: course, shortname: 'DL202', fullname: 'Deep Learning' }),
      ),
      pool: rule.profile.gpu?.pool ?? null,
      gpu_resource: null,
      gpu_count: rule.profile.gpu?.count ?? 0,
      gpu_weight: 1,
      namespace: 'local',
      pod: `${user}--${server}`,
      admitted_at: ago(seed.age + 1),
      admission_expires_at: ago(seed.age - 1200),
      ...seed.columns,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return sessionId(row.id);
}
