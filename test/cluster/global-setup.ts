// What the cluster suite stands on: the ground, and a PostgreSQL. Runs inside control-plane/netns.sh.
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/runtime/embedded-postgres.ts';
import { startGround } from './ground.ts';
import { binFolder, runFolder } from './run-folders.ts';

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
  const ground = await startGround();
  const postgres = await startEmbeddedPostgres({
    directory: path.join(runFolder(), 'postgres'),
    throwaway: true,
    maxConnections: 300,
  });
  project.provide('bin', binFolder());
  project.provide('run', runFolder());
  project.provide('postgresUrl', postgres.url);
  return async () => {
    await postgres.stop();
    await ground.stop();
  };
}
