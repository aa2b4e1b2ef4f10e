// A whole moodle-sync on sockets: the simulated Moodle, a real PostgreSQL, the service's own ports.
import { sql } from 'kysely';
import { createMoodleSync } from '../../../services/moodle-sync/create-moodle-sync.ts';
import type { Db } from '../../../src/database/database.ts';
import type { RunningProcess } from '../../../src/runtime/run-process.ts';
import { startServices } from '../../../src/runtime/start-process.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { campusSite } from '../../simulators/moodle/campus-site.ts';
import type { MoodleSite } from '../../simulators/moodle/model.ts';
import { type MoodleSimulator, startMoodleSimulator } from '../../simulators/moodle/server.ts';
import { loadTestConfig, TEST_ENVIRONMENT, testConfigText } from '../../support/test-config.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

export const testCampus = (): MoodleSite =>
  campusSite({
    oauthClientSecret: 'unused',
    oauthRedirectUri: 'http://127.0.0.1:9/unused',
    webServiceToken: TEST_ENVIRONMENT['MOODLE_TOKEN'] ?? '',
  });

export interface SyncHarness {
  readonly moodle: MoodleSimulator;
  readonly database: TestDatabase;
  readonly db: Db;
  /** Starts one more process of the service on the same database; it ends with the harness. */
  readonly startProcess: (options?: StartOptions) => Promise<RunningProcess>;
  /** Every log line of all processes so far. */
  readonly logText: () => string;
  readonly stop: () => Promise<void>;
}

export interface StartOptions {
  /** YAML after the test configuration. */
  readonly more?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly wwwroot?: string;
  /** Changes the test configuration. */
  readonly edit?: (text: string) => string;
}

/** @param now of the simulated Moodle; default: the clock. */
export async function createSyncHarness(site: MoodleSite, now = () => new Date()): Promise<SyncHarness> {
  const [moodle, database] = await Promise.all([startMoodleSimulator({ site, now }), createTestDatabase()]);
  const running: RunningProcess[] = [];
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return {
    moodle,
    database,
    db: database.db,
    async startProcess({ more = '', environment = {}, wwwroot = moodle.wwwroot, edit = String } = {}) {
      const loaded = loadTestConfig(edit(testConfigText({ moodle: wwwroot }, more)), {
        ...TEST_ENVIRONMENT,
        DATABASE_URL: database.url,
        ...environment,
      });
      const command = {
        name: 'moodle-sync',
        services: ['moodle-sync'] as const,
        create: (made: Parameters<typeof createMoodleSync>[0]) => [createMoodleSync(made)],
      };
      const started = await startServices(
        command,
        loaded,
        createLogger({ service: 'moodle-sync', level: 'debug', personalNames: true }, destination),
      );
      running.push(started);
      // The timer's first run: what follows begins on its own.
      await post(started, '/sync?wait=1');
      return started;
    },
    logText: () => lines.join(''),
    async stop() {
      moodle.faults.clear();
      await Promise.all(running.map((one) => one.stop()));
      await Promise.all([moodle.stop(), database.drop()]);
    },
  };
}

export interface ApiAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers freely
  readonly body: any;
}

export async function post(
  process: RunningProcess,
  path: string,
  token = 'internal-token-operator',
): Promise<ApiAnswer> {
  const response = await fetch(`http://127.0.0.1:${process.ports.internal}/internal/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  return { status: response.status, body: await response.json() };
}

/** One whole run. While another is going on that one is joined, and may have read Moodle before this call. */
export const syncNow = (process: RunningProcess): Promise<ApiAnswer> => post(process, '/sync?wait=1');

/** The service's own lines. */
export async function metricsOf(process: RunningProcess): Promise<string> {
  const text = await (await fetch(`http://127.0.0.1:${process.ports.ops}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith('coursehub_sync_') && !line.includes('_bucket'))
    .join('\n');
}

/** `DL202 student1 student active DL 1`: the stored roster as sorted lines. */
export async function rosterLines(db: Db, course: string): Promise<string[]> {
  const rows = await sql<{ line: string }>`
    select concat_ws(' ', person.moodle_username, coalesce(enrolment.role, '-'), case when enrolment.active then 'active' else 'inactive' end,
      (select string_agg(course_group.name, ',' order by course_group.name) from enrolment_group
        join course_group on course_group.id = enrolment_group.course_group_id where enrolment_group.enrolment_id = enrolment.id)) as line
    from enrolment join person on person.id = enrolment.person_id join course on course.id = enrolment.course_id
    where course.shortname = ${course} order by person.moodle_username collate "C"`.execute(db);
  return rows.rows.map((row) => row.line);
}

export async function courseRow(db: Db, shortname: string) {
  return db.selectFrom('course').selectAll().where('shortname', '=', shortname).executeTakeFirstOrThrow();
}

export async function personIdOf(db: Db, username: string): Promise<string> {
  const row = await db
    .selectFrom('person')
    .select('id')
    .where('moodle_username', '=', username)
    .executeTakeFirstOrThrow();
  return row.id;
}
