// The ground of the cluster suite: a real control plane, the kubelet and kube-proxy of the tests, and a PostgreSQL. Runs inside control-plane/netns.sh.
import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { startChild } from '../../demo/child-process.ts';
import { root, venvPython } from '../../scripts/prepare.mjs';
import { startEmbeddedPostgres } from '../../src/runtime/embedded-postgres.ts';
import { startControlPlane, stopControlPlane } from './control-plane.ts';
import { writeImageMap } from './image-map.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folder of the binaries: kubectl, helm and the control plane. */
    bin: string;
    /** Folder of this run: logs, keys, admin.kubeconfig, claims and layers of pods. */
    run: string;
    postgresUrl: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [bin, run] = [process.env['COURSEHUB_CLUSTER_BIN'], process.env['COURSEHUB_CLUSTER_RUN']];
  if (!bin || !run)
    throw new Error('The cluster suite runs in namespaces of its own: start it by `npm run test:cluster`.');
  // PostgreSQL runs as a user of its own, who must be able to enter.
  chmodSync(run, 0o755);
  mkdirSync(path.join(run, 'log'), { recursive: true });
  await startControlPlane(bin, run);
  const kubeconfig = path.join(run, 'admin.kubeconfig');
  const node = (name: string, ...args: string[]) =>
    startChild({
      name,
      command: venvPython,
      args: [path.join(root, 'test', 'cluster', 'node', name), '--kubeconfig', kubeconfig, ...args],
      cwd: run,
      env: { PATH: process.env['PATH'], PYTHONDONTWRITEBYTECODE: '1' },
      logFile: path.join(run, 'log', `${name}.log`),
    });
  const kubelet = node('kubelet.py', '--map', writeImageMap(run), '--run', run);
  const proxy = node('kube_proxy.py');
  const postgres = await startEmbeddedPostgres({
    directory: path.join(run, 'postgres'),
    throwaway: true,
    maxConnections: 300,
  });
  project.provide('bin', bin);
  project.provide('run', run);
  project.provide('postgresUrl', postgres.url);
  return async () => {
    await kubelet.stop();
    await proxy.stop();
    await postgres.stop();
    await stopControlPlane(run);
  };
}
