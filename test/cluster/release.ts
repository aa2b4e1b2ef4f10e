// A release of charts/coursehub with the stand-in for z2jh, on the cluster of the run; around it a simulated Moodle and a simulated Prometheus.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inject } from 'vitest';
import { root } from '../../scripts/prepare.mjs';
import { campusSite } from '../simulators/moodle/campus-site.ts';
import { type MoodleSimulator, startMoodleSimulator } from '../simulators/moodle/server.ts';
import { type PrometheusSimulator, startPrometheusSimulator } from '../simulators/prometheus/prometheus-simulator.ts';
import { eventually } from '../support/eventually.ts';
import { type Forward, startForward } from './forward.ts';
import { createHubRest } from './hub-rest.ts';
import { COURSEHUB_IMAGE, ENVIRONMENT_SERVER_IMAGE, LAB_IMAGE, previousFolder } from './image-map.ts';
import { get, helm, type KubeObject, kubectl } from './kubectl.ts';
import { userPods } from './pods.ts';

export const RELEASE = 'camp';
/** Addresses outside of the cluster (netns.sh). */
const MOODLE = { host: '198.51.100.10', port: 8020 };
const PROMETHEUS = { host: '198.51.100.11', port: 9090 };
export const ADDRESSES = { hub: 'http://hub.localhost:8000', bridge: 'http://bridge.localhost:8010' };
const SECRETS = { MOODLE_TOKEN: 'token-of-the-service-account', MOODLE_OAUTH_CLIENT_SECRET: 'secret-of-the-client' };

export interface Release {
  readonly namespace: string;
  readonly moodle: MoodleSimulator;
  readonly prometheus: PrometheusSimulator;
  /** Of the chart as it is in this folder, and of the previous commit; null when there is none. */
  readonly charts: { readonly current: string; readonly previous: string | null };
  /** `helm install` or `upgrade`, waiting until everything is ready. More arguments go to helm. */
  readonly deploy: (chart: string, tag: string, ...args: string[]) => Promise<void>;
  readonly valuesFile: string;
  /** Stops every user server and waits until no pod of one is left. */
  readonly stopServers: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function prepareRelease(namespace: string): Promise<Release> {
  await kubectl('create', 'namespace', namespace);
  const site = campusSite({
    oauthClientSecret: SECRETS.MOODLE_OAUTH_CLIENT_SECRET,
    oauthRedirectUri: `${ADDRESSES.bridge}/callback/moodle`,
    webServiceToken: SECRETS.MOODLE_TOKEN,
  });
  const moodle = await startMoodleSimulator({ site, ...MOODLE });
  const prometheus = await startPrometheusSimulator({ scrapeIntervalSeconds: 1, ...PROMETHEUS });
  const entrances = await openEntrances(namespace);
  const folder = path.join(inject('run'), `release-${namespace}`);
  mkdirSync(folder, { recursive: true });
  const valuesFile = path.join(folder, 'values.json');
  writeFileSync(valuesFile, JSON.stringify(values(), null, 2));
  const charts = {
    current: copyChart(path.join(root, 'charts', 'coursehub'), path.join(folder, 'current')),
    previous: previousChart(folder),
  };
  return {
    namespace,
    moodle,
    prometheus,
    charts,
    valuesFile,
    async deploy(chart, tag, ...args) {
      const common = ['-n', namespace, '-f', valuesFile, '--set', `image.tag=${tag}`, '--wait', '--timeout', '120s'];
      await helm('upgrade', '--install', RELEASE, chart, ...common, ...args);
      await entrances.refresh();
    },
    stopServers: () => stopServers(namespace),
    async stop() {
      await entrances.stop();
      await moodle.stop();
      await prometheus.stop();
      await kubectl('delete', 'namespace', namespace, '--wait=true', '--timeout=120s');
    },
  };
}

/** The Services that people reach from outside, each by a port of this machine. */
const ENTRANCES = [
  { port: 8000, service: 'proxy-public', servicePort: 80 },
  { port: 8010, service: `${RELEASE}-oauth-bridge`, servicePort: 8080 },
];

interface Entrances {
  /** Looks the Services' addresses up: an install may have given new ones. */
  readonly refresh: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

async function openEntrances(namespace: string): Promise<Entrances> {
  const addresses = new Map<string, string>();
  const forwards = await Promise.all(
    ENTRANCES.map(
      ({ port, service, servicePort }): Promise<Forward> =>
        // Before the first install it leads to an address where nobody listens.
        startForward({ host: '127.0.0.1', port }, () => ({
          host: addresses.get(service) ?? '198.51.100.255',
          port: servicePort,
        })),
    ),
  );
  return {
    async refresh() {
      for (const { service } of ENTRANCES)
        addresses.set(service, (await get<ServiceObject>('service', service, namespace)).spec.clusterIP);
    },
    stop: async () => void (await Promise.all(forwards.map((forward) => forward.stop()))),
  };
}

interface ServiceObject extends KubeObject {
  readonly spec: { readonly clusterIP: string };
}

/** The token of idle-culler in z2jh's own Secret: may list and stop servers, which is what the tests need to tidy up. */
async function readHubToken(namespace: string): Promise<string> {
  const secret = await get<KubeObject & { readonly data: Readonly<Record<string, string>> }>(
    'secret',
    'hub',
    namespace,
  );
  return Buffer.from(secret.data['hub.services.coursehub-culler.apiToken'] ?? '', 'base64').toString();
}

async function stopServers(namespace: string): Promise<void> {
  const rest = createHubRest(ADDRESSES.hub.replace('hub.localhost', '127.0.0.1'), await readHubToken(namespace));
  await eventually(
    async () => {
      await rest.stopAll();
      return (await userPods(namespace)).length === 0;
    },
    'all user servers to be gone',
    80_000,
  );
}

/** The chart with the stand-in for z2jh in charts/: the real one cannot be fetched in tests. */
function copyChart(from: string, to: string): string {
  cpSync(from, to, { recursive: true });
  cpSync(path.join(root, 'test', 'chart', 'jupyterhub-stub'), path.join(to, 'charts', 'jupyterhub'), {
    recursive: true,
  });
  return to;
}

/** Files of the previous commit, with today's node_modules; null in a clone without history, or when it has no chart. */
function previousChart(folder: string): string | null {
  const git = (...args: string[]): Buffer =>
    execFileSync('git', ['-C', root, ...args], { maxBuffer: 200_000_000, stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const target = previousFolder(inject('run'));
    const archive = path.join(folder, 'previous.tar');
    writeFileSync(archive, git('archive', 'HEAD~1'));
    execFileSync('tar', ['-xf', archive, '-C', target]);
    if (!existsSync(path.join(target, 'charts', 'coursehub', 'Chart.yaml'))) return null;
    symlinkSync(path.join(root, 'node_modules'), path.join(target, 'node_modules'));
    return copyChart(path.join(target, 'charts', 'coursehub'), path.join(folder, 'previous'));
  } catch {
    return null;
  }
}

const GPU = { title: '1 GPU', image: `${ENVIRONMENT_SERVER_IMAGE}:1`, startTimeout: '2m' };

const values = (): object => ({
  global: { coursehub: { hubUrl: ADDRESSES.hub, bridgeUrl: ADDRESSES.bridge } },
  image: { repository: COURSEHUB_IMAGE },
  config: {
    site: { name: 'Cluster University', timeZone: 'Europe/Berlin', contact: 'help@uni.test' },
    allowInsecureHttp: true,
    listen: { drainSeconds: 1 },
    moodle: { wwwroot: `http://${MOODLE.host}:${MOODLE.port}`, localOauth: { clientId: 'coursehub' } },
    roles: { student: 'student', ta: 'assistant', editingteacher: 'instructor' },
    pools: {
      h100: {
        title: 'H100 80 GB',
        resource: 'nvidia.com/gpu',
        capacity: null,
        nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3' },
      },
    },
    profiles: {
      gpu: { ...GPU, gpu: { pool: 'h100' }, idle: { sessionLimit: '4h', grace: '10m' } },
      watched: { ...GPU, gpu: { pool: 'h100' }, idle: { gpuIdleAfter: '6s', grace: '1s' } },
      lab: { title: 'Data science', image: `${LAB_IMAGE}:1`, startTimeout: '2m' },
    },
    courseProfiles: [
      { id: 'gpu', course: { shortname: 'DL202' }, profile: 'gpu' },
      { id: 'watched', course: { shortname: 'DL202' }, profile: 'watched' },
      { id: 'lab', course: { shortname: 'DS101' }, profile: 'lab', maxSessionsPerCourse: 2 },
    ],
    culler: { every: '1s', missedSnapshots: 2 },
    sync: { every: '60s', freshFor: '5s' },
    prometheus: { url: `http://${PROMETHEUS.host}:${PROMETHEUS.port}`, scrapeInterval: '1s' },
  },
  secrets: { values: SECRETS },
  jupyterhub: { hub: { allowNamedServers: true, config: { JupyterHub: { subdomain_host: ADDRESSES.hub } } } },
});
