// A release of charts/coursehub with the stand-in for z2jh, on the cluster of the run; around it a simulated Moodle and a simulated Prometheus.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inject } from 'vitest';
import { root } from '../../scripts/prepare.mjs';
import { campusSite } from '../simulators/moodle/campus-site.ts';
import { type MoodleSimulator, startMoodleSimulator } from '../simulators/moodle/server.ts';
import { type PrometheusSimulator, startPrometheusSimulator } from '../simulators/prometheus/prometheus-simulator.ts';
import { type Forward, startForward } from './forward.ts';
import { COURSEHUB_IMAGE, ENVIRONMENT_SERVER_IMAGE, LAB_IMAGE, previousFolder } from './image-map.ts';
import { get, helm, type KubeObject, kubectl } from './kubectl.ts';

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
  const forwards = await Promise.all([
    forwardTo(namespace, 8000, 'proxy-public', 80),
    forwardTo(namespace, 8010, `${RELEASE}-oauth-bridge`, 8080),
  ]);
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
    },
    async stop() {
      await Promise.all(forwards.map((forward) => forward.stop()));
      await moodle.stop();
      await prometheus.stop();
      await kubectl('delete', 'namespace', namespace, '--wait=true', '--timeout=120s');
    },
  };
}

/** From a port of the machine to a Service, whose address is known once it is installed. */
async function forwardTo(namespace: string, port: number, service: string, servicePort: number): Promise<Forward> {
  let host: string | null = null;
  const find = async (): Promise<void> => {
    const found = await get<KubeObject & { readonly spec: { readonly clusterIP: string } }>(
      'service',
      service,
      namespace,
    ).catch(() => null);
    host = found?.spec.clusterIP ?? null;
    if (host === null) setTimeout(() => void find(), 500).unref();
  };
  void find();
  return startForward({ host: '127.0.0.1', port }, () => ({ host: host ?? '198.51.100.255', port: servicePort }));
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
