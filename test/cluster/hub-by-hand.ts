// A hub with KubeSpawner beside the cluster, under the ServiceAccount and the Role that z2jh 4.4.0 gives its hub.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Child, startChild } from '../../demo/child-process.ts';
import { preparedEnvironment, root, venvBinaries } from '../../scripts/prepare.mjs';
import { eventually } from '../support/eventually.ts';
import { createHubRest, type HubRest } from './hub-rest.ts';
import { ENVIRONMENT_SERVER_IMAGE } from './image-map.ts';
import { apply, kubectl } from './kubectl.ts';
import { runFolder } from './run-folders.ts';

/** The node's address, which pods reach (netns.sh). */
export const NODE_ADDRESS = '10.244.0.1';

/** For the proxy's own API, at the port two after the public one. */
export const PROXY_TOKEN = 'token-of-the-proxy';

export interface HubByHand {
  readonly rest: HubRest;
  /** SIGTERM, wait, start, wait until it answers: user servers and the proxy live on. */
  readonly restart: () => Promise<void>;
  /** What the hub has written so far goes to this file. */
  readonly logFile: string;
  /** Of the hub and of its proxy, as they are now. */
  readonly pids: () => { readonly hub: number; readonly proxy: number };
  readonly stop: () => Promise<void>;
}

export interface HubByHandOptions {
  readonly namespace: string;
  /** The public port; the two after it are taken as well. */
  readonly port: number;
  readonly cullerToken: string;
  /** Of course-profiles, for the glue. null: a hub without coursehub, with `staticSpawner` for everybody. */
  readonly coursehub: { readonly url: string; readonly token: string } | null;
  /** Traits of KubeSpawner, by name. */
  readonly staticSpawner?: Readonly<Record<string, unknown>>;
  /** How often the hub looks at running servers and at their activity; 2 when left out, so that tests need not wait. */
  readonly watchSeconds?: { readonly poll: number; readonly activity: number };
}

export async function startHubByHand(options: HubByHandOptions): Promise<HubByHand> {
  const folder = path.join(runFolder(), `hub-${options.namespace}`);
  mkdirSync(folder, { recursive: true });
  const kubeconfig = await makeAccount(options.namespace, folder);
  const rest = createHubRest(`http://127.0.0.1:${options.port}`, 'token-of-the-tests');
  const env = { ...preparedEnvironment(), ...hubEnvironment(options, kubeconfig) };
  const proxy = startProxy(folder, options.port, env);
  const logFile = path.join(folder, 'hub.log');
  const start = async (): Promise<Child> => {
    const hub = startChild({
      name: 'JupyterHub',
      command: path.join(venvBinaries, 'jupyterhub'),
      args: ['--config', path.join(root, 'test', 'cluster', 'hub_by_hand_config.py')],
      cwd: folder,
      env,
      logFile,
    });
    await eventually(
      async () => {
        const fault = hub.ended() ?? proxy.ended();
        if (fault) return Promise.reject(new Error(fault));
        return (await rest.get('/')).status === 200;
      },
      'the hub to answer',
      60_000,
    );
    return hub;
  };
  let hub = await start();
  return {
    rest,
    logFile,
    pids: () => ({ hub: hub.pid, proxy: proxy.pid }),
    async restart() {
      await hub.stop();
      hub = await start();
    },
    async stop() {
      await hub.stop();
      await proxy.stop();
    },
  };
}

const hubEnvironment = (options: HubByHandOptions, kubeconfig: string): Record<string, string> => ({
  KUBECONFIG: kubeconfig,
  CONFIGPROXY_AUTH_TOKEN: PROXY_TOKEN,
  HUB_GLUE_FOLDER: path.join(root, 'hub'),
  HUB_NODE_ADDRESS: NODE_ADDRESS,
  HUB_PORT: String(options.port),
  HUB_NAMESPACE: options.namespace,
  HUB_IMAGE: ENVIRONMENT_SERVER_IMAGE,
  HUB_CULLER_TOKEN: options.cullerToken,
  HUB_TESTS_TOKEN: 'token-of-the-tests',
  HUB_STATIC_SPAWNER: JSON.stringify(options.staticSpawner ?? {}),
  HUB_POLL_SECONDS: String(options.watchSeconds?.poll ?? 2),
  HUB_ACTIVITY_SECONDS: String(options.watchSeconds?.activity ?? 2),
  COURSEHUB_URL: options.coursehub?.url ?? '',
  COURSEHUB_TOKEN: options.coursehub?.token ?? '',
});

const startProxy = (folder: string, port: number, env: NodeJS.ProcessEnv): Child =>
  startChild({
    name: 'configurable-http-proxy',
    command: path.join(root, 'node_modules', '.bin', 'configurable-http-proxy'),
    args: ['--ip', '127.0.0.1', '--port', String(port), '--api-ip', '127.0.0.1', '--api-port', String(port + 2)].concat(
      [
        '--default-target',
        `http://${NODE_ADDRESS}:${port + 1}`,
        '--error-target',
        `http://${NODE_ADDRESS}:${port + 1}/hub/error`,
      ],
    ),
    cwd: folder,
    env,
    logFile: path.join(folder, 'proxy.log'),
  });

/** Namespace, ServiceAccount and Role; gives the path of a kubeconfig with that account's token. */
async function makeAccount(namespace: string, folder: string): Promise<string> {
  await apply(accountManifest(namespace));
  const token = (await kubectl('create', 'token', 'hub', '-n', namespace, '--duration=6h')).trim();
  const file = path.join(folder, 'hub.kubeconfig');
  const authority = path.join(runFolder(), 'pki', 'apiserver.crt');
  writeFileSync(
    file,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'hub',
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority': authority } }],
      users: [{ name: 'hub', user: { token } }],
      contexts: [{ name: 'hub', context: { cluster: 'c', user: 'hub', namespace } }],
    }),
  );
  return file;
}

const accountManifest = (namespace: string): string => `
apiVersion: v1
kind: Namespace
metadata: { name: ${namespace} }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: hub, namespace: ${namespace} }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: hub, namespace: ${namespace} }
rules:
  - { apiGroups: [''], resources: [pods, persistentvolumeclaims, secrets, services], verbs: [get, watch, list, create, delete] }
  - { apiGroups: [''], resources: [events], verbs: [get, watch, list] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: hub, namespace: ${namespace} }
subjects: [{ kind: ServiceAccount, name: hub, namespace: ${namespace} }]
roleRef: { kind: Role, name: hub, apiGroup: rbac.authorization.k8s.io }
`;
