// coursehub beside the hub as an operator runs it: PostgreSQL, course-profiles and idle-culler as processes of their own, with a seeded class.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Child, startChild } from '../../demo/child-process.ts';
import { pinnedNode, root } from '../../scripts/prepare.mjs';
import { openDatabase } from '../../src/database/database.ts';
import { migrateToLatest } from '../../src/database/migrate.ts';
import { startEmbeddedPostgres } from '../../src/runtime/embedded-postgres.ts';
import { NO_PROCESS_IMAGE } from '../../test/cluster/image-map.ts';
import { adminKubeconfig } from '../../test/cluster/kubectl.ts';
import { eventually } from '../../test/support/eventually.ts';
import { seedRoster } from '../../test/support/seed-roster.ts';
import { TEST_ENVIRONMENT } from '../../test/support/test-config.ts';

export interface CoursehubProcesses {
  /** For the hub's glue. */
  readonly connection: { readonly url: string; readonly token: string };
  readonly courseProfile: string;
  readonly pids: { readonly services: readonly number[]; readonly database: number };
  /** Sessions in the ledger that have not ended. */
  readonly openSessions: () => Promise<number>;
  readonly stop: () => Promise<void>;
}

export interface CoursehubOptions {
  readonly folder: string;
  readonly namespace: string;
  readonly hubUrl: string;
  readonly people: readonly string[];
}

/** With the defaults of an installation: how often it looks, how many connections it holds, what it reads of the cluster. */
export async function startCoursehub(options: CoursehubOptions): Promise<CoursehubProcesses> {
  mkdirSync(options.folder, { recursive: true });
  const directory = path.join(options.folder, 'postgres');
  // Not `throwaway`: the database writes to disk here as it does in an installation.
  const postgres = await startEmbeddedPostgres({ directory });
  const db = openDatabase({ url: postgres.url, maxConnections: 4, applicationName: 'bench' }, () => undefined);
  await migrateToLatest(db);
  const roster = await seedRoster(db);
  const courseId = await roster.course('DL202');
  for (const hubUsername of options.people) await roster.enrol(await roster.person({ hubUsername }), courseId);
  const profiles = startService('course-profiles', 18_100, options, postgres.url);
  const culler = startService('idle-culler', 18_110, options, postgres.url);
  await isReady(profiles, 18_102);
  return {
    connection: { url: 'http://127.0.0.1:18101', token: TEST_ENVIRONMENT['INTERNAL_TOKEN_HUB'] ?? '' },
    courseProfile: `${courseId}-burst`,
    pids: { services: [profiles.pid, culler.pid], database: postmasterPid(directory) },
    async openSessions() {
      const { count } = await db
        .selectFrom('session')
        .where('ended_at', 'is', null)
        .select(({ fn }) => fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      return Number(count);
    },
    async stop() {
      await culler.stop();
      await profiles.stop();
      await db.destroy();
      await postgres.stop();
    },
  };
}

/** Ports: public, internal and ops from `port` on. */
function startService(name: string, port: number, options: CoursehubOptions, databaseUrl: string): Child {
  const configFile = path.join(options.folder, `${name}.yaml`);
  writeFileSync(configFile, configText(port, options));
  return startChild({
    name,
    command: pinnedNode,
    args: [path.join(root, 'services', name, 'main.ts'), '--config', configFile],
    cwd: root,
    env: { PATH: process.env['PATH'], ...TEST_ENVIRONMENT, DATABASE_URL: databaseUrl, KUBECONFIG: adminKubeconfig() },
    logFile: path.join(options.folder, `${name}.log`),
  });
}

async function isReady(service: Child, opsPort: number): Promise<void> {
  const ask = async (): Promise<boolean> => {
    const fault = service.ended();
    if (fault) throw new Error(fault);
    return (await fetch(`http://127.0.0.1:${opsPort}/readyz`)).ok;
  };
  await eventually(ask, `${service.name} to be ready (${service.logFile})`, 30_000);
}

/** PostgreSQL writes it into the first line of postmaster.pid. */
const postmasterPid = (directory: string): number =>
  Number(readFileSync(path.join(directory, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);

const configText = (port: number, { namespace, hubUrl }: CoursehubOptions): string => `
site: { name: Test University, timeZone: Europe/Berlin, contact: help@uni.test }
allowInsecureHttp: true
listen: { host: 127.0.0.1, publicPort: ${port}, internalPort: ${port + 1}, opsPort: ${port + 2}, drainSeconds: 0 }
moodle: { wwwroot: 'http://127.0.0.1:9', localOauth: { clientId: coursehub } }
hub: { publicUrl: '${hubUrl}', apiUrl: '${hubUrl}/hub/api' }
bridge:
  publicUrl: http://127.0.0.1:9
  clients: [{ id: jupyterhub, redirectUris: ['http://127.0.0.1:9/hub/oauth_callback'], scopes: [profile] }]
roles: { student: student }
kubernetes: { namespace: ${namespace} }
pools:
  burst: { title: Slice, resource: nvidia.com/mig-1g.10gb, capacity: null, nodeSelector: { pool: burst } }
profiles:
  burst:
    title: Slice
    image: ${NO_PROCESS_IMAGE}
    cpu: { guarantee: 0.5, limit: 2 }
    memory: { guarantee: 1G, limit: 2G }
    gpu: { pool: burst }
    startTimeout: 5m
    idle: { idleAfter: 1h, grace: 10m, sessionLimit: 4h }
courseProfiles:
  - { id: burst, course: { shortname: DL202 }, profile: burst }
`;
