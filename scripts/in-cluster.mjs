// Runs a command with the test control plane's binaries, in namespaces of its own (netns.sh): for the cluster suite and the cluster bench.
// Plain JavaScript: it runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { preparedEnvironment, root } from './prepare.mjs';

const controlPlane = path.join(root, 'test', 'cluster', 'control-plane');

/**
 * Builds the control plane once (cached, see build.sh), then runs the command in the project's folder, with COURSEHUB_CLUSTER_BIN and
 * COURSEHUB_CLUSTER_RUN (a temporary folder) in its environment. Gives its exit status; null when a signal ended it.
 */
export async function runInCluster(command) {
  const bin = buildControlPlane();
  const run = mkdtempSync(path.join(tmpdir(), 'coursehub-cluster-'));
  try {
    return await ended(
      spawn(path.join(controlPlane, 'netns.sh'), command, {
        cwd: root,
        stdio: 'inherit',
        env: { ...preparedEnvironment(), COURSEHUB_CLUSTER_BIN: bin, COURSEHUB_CLUSTER_RUN: run },
      }),
    );
  } finally {
    // COURSEHUB_CLUSTER_KEEP=1 keeps logs, keys and layers to look at.
    if (process.env.COURSEHUB_CLUSTER_KEEP) process.stderr.write(`kept: ${run}\n`);
    else rmSync(run, { recursive: true, force: true, maxRetries: 5 });
  }
}

function buildControlPlane() {
  const build = spawnSync(path.join(controlPlane, 'build.sh'), {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (build.status !== 0) throw new Error('The control plane could not be built (see above).');
  return build.stdout.trim();
}

/** Ctrl-C reaches the command by itself (one terminal, one group); a SIGTERM to this process alone ends it: the kernel then ends all that it started. */
function ended(child) {
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code));
  });
}
