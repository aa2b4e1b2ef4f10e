// `npm run demo`: prepares the machine, then runs the demo with the pinned Node. Plain JavaScript: it is the first thing that runs.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { pinnedNode, prepare, preparedEnvironment, root } from '../scripts/prepare.mjs';

try {
  prepare();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
const demo = spawn(pinnedNode, [path.join(root, 'demo', 'main.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: preparedEnvironment(),
});
// Ctrl-C reaches the demo by itself (one terminal, one group); a signal to this process alone is passed on.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => demo.kill('SIGTERM'));
demo.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
