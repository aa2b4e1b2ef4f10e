// What stands for each container image: folders and commands of this machine, for node/kubelet.py (see read_map there).
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { root, venvBinaries } from '../../scripts/prepare.mjs';

/** An image for pods whose process does not matter: they count as running. */
export const NO_PROCESS_IMAGE = 'test.invalid/no-process';
/** The cheapest single-user server: answers its environment, as JSON. */
export const ENVIRONMENT_SERVER_IMAGE = 'test.invalid/environment-server';
/** A real jupyterhub-singleuser with JupyterLab. */
export const LAB_IMAGE = 'test.invalid/lab';

const lab = {
  path: [venvBinaries],
  append: ['--allow-root'],
  root: true,
  env: { JUPYTER_PLATFORM_DIRS: '1', SHELL: '/bin/bash' },
};

/** Writes the map into the folder of the run and gives its path. */
export function writeImageMap(run: string): string {
  const file = path.join(run, 'image-map.json');
  const images = {
    [NO_PROCESS_IMAGE]: { skip: true },
    [ENVIRONMENT_SERVER_IMAGE]: {
      command: ['/usr/bin/env', 'python3', path.join(root, 'test', 'cluster', 'node', 'environment_server.py')],
    },
    [LAB_IMAGE]: lab,
  };
  writeFileSync(file, JSON.stringify({ hosts: {}, images }, null, 2));
  return file;
}
