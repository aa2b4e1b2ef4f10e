// `npm run test:cluster`: prepares the machine, builds the Kubernetes control plane once, runs the cluster suite in namespaces of its own, and
// ends with the counted line `N passed, N failed`. Arguments go to vitest. Plain JavaScript: it runs before anything is installed.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runInCluster } from './in-cluster.mjs';
import { binaries, pinnedNode, prepare, root } from './prepare.mjs';

const report = path.join(root, 'output', 'vitest-cluster.json');

try {
  prepare();
  process.exitCode = await runSuite(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function runSuite(args) {
  mkdirSync(path.dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const vitest = [pinnedNode, path.join(binaries, 'vitest'), 'run', '--config', 'test/cluster/vitest.config.ts'];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const status = await runInCluster([...vitest, ...reporters, ...args]);
  const { passed, failed, skipped } = counts();
  process.stdout.write(`\n${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}\n`);
  return status === 0 && failed === 0 ? 0 : 1;
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
