// `npm run test:cluster`: prepares the machine, builds the Kubernetes control plane once (cached, see build.sh), runs the cluster suite in namespaces of
// its own, and ends with the counted line `N passed, N failed`. Arguments go to vitest. Plain JavaScript: it runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { binaries, pinnedNode, prepare, preparedEnvironment, root } from './prepare.mjs';

const controlPlane = path.join(root, 'test', 'cluster', 'control-plane');
const report = path.join(root, 'output', 'vitest-cluster.json');

try {
  prepare();
  process.exitCode = await runSuite(buildControlPlane(), process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

function buildControlPlane() {
  const build = spawnSync(path.join(controlPlane, 'build.sh'), {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (build.status !== 0) throw new Error('The control plane could not be built (see above).');
  return build.stdout.trim();
}

async function runSuite(bin, args) {
  const run = mkdtempSync(path.join(tmpdir(), 'coursehub-cluster-'));
  try {
    mkdirSync(path.dirname(report), { recursive: true });
    rmSync(report, { force: true });
    const vitest = [pinnedNode, path.join(binaries, 'vitest'), 'run', '--config', 'test/cluster/vitest.config.ts'];
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const status = await ended(
      spawn(path.join(controlPlane, 'netns.sh'), [...vitest, ...reporters, ...args], {
        cwd: root,
        stdio: 'inherit',
        env: { ...preparedEnvironment(), COURSEHUB_CLUSTER_BIN: bin, COURSEHUB_CLUSTER_RUN: run },
      }),
    );
    const { passed, failed, skipped } = counts();
    process.stdout.write(`\n${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}\n`);
    return status === 0 && failed === 0 ? 0 : 1;
  } finally {
    // COURSEHUB_CLUSTER_KEEP=1 keeps logs, keys and layers to look at.
    if (process.env.COURSEHUB_CLUSTER_KEEP) process.stderr.write(`kept: ${run}\n`);
    else rmSync(run, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Ctrl-C reaches the suite by itself (one terminal, one group); a SIGTERM to this process alone ends it: the kernel then ends all that it started. */
function ended(child) {
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code));
  });
}

function counts() {
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const result = JSON.parse(readFileSync(report, 'utf8'));
  const broken = result.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  return {
    passed: result.numPassedTests,
    failed: result.numFailedTests + broken.length,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}
