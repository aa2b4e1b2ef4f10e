// course-profiles and idle-culler of this process, a hub by hand with KubeSpawner, and a seeded roster: the ground of the KubeSpawner suite.
import { createCourseProfiles } from '../../services/course-profiles/create-course-profiles.ts';
import { createIdleCuller } from '../../services/idle-culler/create-idle-culler.ts';
import type { Database } from '../../src/database/schema.ts';
import { type PrometheusSimulator, startPrometheusSimulator } from '../simulators/prometheus/prometheus-simulator.ts';
import { eventually } from '../support/eventually.ts';
import { type Roster, seedRoster } from '../support/seed-roster.ts';
import { startTestServices, type TestServices } from '../support/start-test-services.ts';
import { TEST_ENVIRONMENT } from '../support/test-config.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { type HubByHand, startHubByHand } from './hub-by-hand.ts';
import { ENVIRONMENT_SERVER_IMAGE, NO_PROCESS_IMAGE } from './image-map.ts';
import { kubectl } from './kubectl.ts';
import { userPods } from './pods.ts';

const PORT = 18_000;

export type SessionRow = Pick<
  { [Column in keyof Database['session']]: unknown },
  'hub_username' | 'server_name' | 'namespace' | 'pod' | 'end_reason' | 'ended_at'
> & { readonly pod: string; readonly end_reason: string | null };

export interface GovernedHub {
  readonly namespace: string;
  readonly hub: HubByHand;
  readonly services: TestServices;
  readonly prometheus: PrometheusSimulator;
  readonly database: TestDatabase;
  readonly courseId: string;
  /** Makes people of these names who study in the course. */
  readonly students: (...names: string[]) => Promise<void>;
  /** Course profile id of a rule of the configuration. */
  readonly profile: (rule: 'queue' | 'capacity' | 'watched' | 'few' | 'burst' | 'cpu') => string;
  /** The newest session of a person's server. */
  readonly session: (user: string, server?: string) => Promise<SessionRow>;
  /** Stops every server and waits until no user pod is left: after each test, also after one that failed. */
  readonly tidyUp: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startGovernedHub(namespace: string): Promise<GovernedHub> {
  const database = await createTestDatabase();
  const prometheus = await startPrometheusSimulator({ scrapeIntervalSeconds: 1 });
  const roster = await seedRoster(database.db);
  const courseId = await roster.course('DL202');
  const services = await startTestServices({
    name: 'cluster-test',
    services: ['course-profiles', 'idle-culler'],
    create: (environment) => [createCourseProfiles(environment), createIdleCuller(environment)],
    configText: configText(prometheus.url),
    databaseUrl: database.url,
  });
  const hub = await startHubByHand({
    namespace,
    port: PORT,
    cullerToken: TEST_ENVIRONMENT['HUB_API_TOKEN'] ?? '',
    coursehub: {
      url: services.internalUrl.replace('/internal/v1', ''),
      token: TEST_ENVIRONMENT['INTERNAL_TOKEN_HUB'] ?? '',
    },
  });
  return {
    namespace,
    hub,
    services,
    prometheus,
    database,
    courseId,
    students: (...names) => addStudents(roster, courseId, names),
    profile: (rule) => `${courseId}-${rule}`,
    session: async (user, server = '') =>
      (await database.db
        .selectFrom('session')
        .where('hub_username', '=', user)
        .where('server_name', '=', server)
        .select(['hub_username', 'server_name', 'namespace', 'pod', 'end_reason', 'ended_at'])
        .orderBy('admitted_at', 'desc')
        .limit(1)
        .executeTakeFirstOrThrow()) as SessionRow,
    tidyUp: () => tidyUp(hub, namespace),
    async stop() {
      await hub.stop();
      await services.stop();
      await prometheus.stop();
      await database.drop();
      await kubectl('delete', 'namespace', namespace, '--wait=true', '--timeout=60s');
    },
  };
}

async function tidyUp(hub: HubByHand, namespace: string): Promise<void> {
  await eventually(
    async () => {
      await hub.rest.stopAll();
      return (await userPods(namespace)).length === 0;
    },
    'all user servers to be gone',
    80_000,
  );
}

async function addStudents(roster: Roster, courseId: string, names: readonly string[]): Promise<void> {
  for (const hubUsername of names) await roster.enrol(await roster.person({ hubUsername }), courseId);
}

const GPU_NODE = `{ nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3 }`;

const configText = (prometheusUrl: string): string => `
site: { name: Test University, timeZone: Europe/Berlin, contact: help@uni.test }
allowInsecureHttp: true
listen: { host: 127.0.0.1, publicPort: 0, internalPort: 0, opsPort: 0, drainSeconds: 0 }
moodle: { wwwroot: 'http://127.0.0.1:9', localOauth: { clientId: coursehub } }
hub: { publicUrl: 'http://127.0.0.1:${PORT}', apiUrl: 'http://127.0.0.1:${PORT}/hub/api' }
bridge:
  publicUrl: http://127.0.0.1:9
  clients: [{ id: jupyterhub, redirectUris: ['http://127.0.0.1:9/hub/oauth_callback'], scopes: [profile] }]
roles: { student: student }
pools:
  queue: { title: H100 80 GB, resource: nvidia.com/gpu, capacity: null, nodeSelector: ${GPU_NODE} }
  limited:
    title: H100 80 GB
    resource: nvidia.com/gpu
    capacity: 8
    nodeSelector: ${GPU_NODE}
    tolerations: [{ key: nvidia.com/gpu, operator: Exists, effect: NoSchedule }]
  burst: { title: Slice, resource: nvidia.com/mig-1g.10gb, capacity: null, nodeSelector: { pool: burst } }
profiles:
  queue: { title: 1 GPU, image: '${ENVIRONMENT_SERVER_IMAGE}', gpu: { pool: queue }, startTimeout: 1m, idle: { sessionLimit: 4h, grace: 10m } }
  capacity:
    title: 1 GPU
    image: ${ENVIRONMENT_SERVER_IMAGE}
    cpu: { guarantee: 1, limit: 4 }
    memory: { guarantee: 2G, limit: 8G }
    gpu: { pool: limited }
    startTimeout: 1m
    volumes: [{ kind: shared-memory, name: shm, sizeLimit: 1G, mountPath: /dev/shm }]
    environment: { JSON: '{"braces": {}}' }
    idle: { sessionLimit: 4h, grace: 10m }
  watched: { title: 1 GPU, image: '${ENVIRONMENT_SERVER_IMAGE}', gpu: { pool: queue }, startTimeout: 1m, idle: { gpuIdleAfter: 6s, grace: 1s } }
  burst: { title: Slice, image: '${NO_PROCESS_IMAGE}', gpu: { pool: burst }, startTimeout: 3m }
  cpu: { title: CPU, image: '${ENVIRONMENT_SERVER_IMAGE}', cpu: { limit: 1 }, memory: { limit: 1G }, startTimeout: 1m }
courseProfiles:
  - { id: queue, course: { shortname: DL202 }, profile: queue }
  - { id: capacity, course: { shortname: DL202 }, profile: capacity }
  - { id: watched, course: { shortname: DL202 }, profile: watched }
  - { id: few, course: { shortname: DL202 }, profile: cpu, maxSessionsPerCourse: 3 }
  - { id: burst, course: { shortname: DL202 }, profile: burst }
  - { id: cpu, course: { shortname: DL202 }, profile: cpu }
culler: { every: 1s, missedSnapshots: 2 }
prometheus: { url: '${prometheusUrl}', scrapeInterval: 1s }
`;
