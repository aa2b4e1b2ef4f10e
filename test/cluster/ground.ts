// The ground of the cluster suite and of the cluster bench: a real control plane, the kubelet and the kube-proxy of the tests. Runs inside control-plane/netns.sh.
import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { type Child, startChild } from '../../demo/child-process.ts';
import { root, venvPython } from '../../scripts/prepare.mjs';
import { startControlPlane, stopControlPlane } from './control-plane.ts';
import { writeImageMap } from './image-map.ts';
import { binFolder, runFolder } from './run-folders.ts';

export interface Ground {
  readonly stop: () => Promise<void>;
}

/** Throws a sentence when it was not started by `npm run test:cluster` or `npm run bench`. */
export async function startGround(): Promise<Ground> {
  const [bin, run] = [binFolder(), runFolder()];
  // PostgreSQL runs as a user of its own, who must be able to enter.
  chmodSync(run, 0o755);
  mkdirSync(path.join(run, 'log'), { recursive: true });
  await startControlPlane(bin, run);
  const kubelet = startNodeProgram(run, 'kubelet.py', '--map', writeImageMap(run), '--run', run);
  const proxy = startNodeProgram(run, 'kube_proxy.py');
  return {
    async stop() {
      await kubelet.stop();
      await proxy.stop();
      await stopControlPlane(run);
    },
  };
}

const startNodeProgram = (run: string, name: string, ...args: string[]): Child =>
  startChild({
    name,
    command: venvPython,
    args: [
      path.join(root, 'test', 'cluster', 'node', name),
      '--kubeconfig',
      path.join(run, 'admin.kubeconfig'),
      ...args,
    ],
    cwd: run,
    env: { PATH: process.env['PATH'], PYTHONDONTWRITEBYTECODE: '1' },
    logFile: path.join(run, 'log', `${name}.log`),
  });
