// `npm run bench -- NAME`: prepares the machine and runs one of the benches of bench/ (bench/README.md). What it measured is its last line, as JSON.
// Plain JavaScript: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { runInCluster } from './in-cluster.mjs';
import { pinnedNode, prepare, preparedEnvironment, root } from './prepare.mjs';

/** They need the test control plane, in namespaces of its own. */
const IN_CLUSTER = new Set(['cluster']);

try {
  prepare();
  const args = process.argv.slice(2);
  const command = [pinnedNode, 'bench/main.ts', ...args];
  const status = IN_CLUSTER.has(args[0]) ? await runInCluster(command) : run(command);
  process.exitCode = status ?? 1;
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

function run([command, ...args]) {
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', env: preparedEnvironment() }).status;
}
