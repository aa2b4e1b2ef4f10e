// `npm test`: prepares the machine, runs vitest and pytest, and ends with the counted line `N passed, N failed`.
// Arguments go to vitest; with arguments pytest is left out: `npm test -- test/domain`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { binaries, prepare, preparedEnvironment, root, venvPython } from './prepare.mjs';

try {
  prepare();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
const output = path.join(root, 'output');
mkdirSync(output, { recursive: true });
const chosen = process.argv.slice(2);
const results = [vitest(chosen), ...(chosen.length === 0 ? [pytest()] : [])];
const total = results.reduce((sum, result) => ({
  passed: sum.passed + result.passed,
  failed: sum.failed + result.failed,
  skipped: sum.skipped + result.skipped,
}));
const skipped = total.skipped === 0 ? '' : `, ${total.skipped} skipped`;
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed${skipped}\n`);
process.exit(total.failed === 0 ? 0 : 1);

function vitest(args) {
  const report = path.join(output, 'vitest.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const status = run(path.join(binaries, 'vitest'), ['run', ...reporters, ...args], report);
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const counts = JSON.parse(readFileSync(report, 'utf8'));
  const skippedTests = counts.numPendingTests + counts.numTodoTests;
  return counted(counts.numPassedTests, counts.numFailedTests, skippedTests, status === 0 && counts.success);
}

function pytest() {
  const report = path.join(output, 'pytest.xml');
  const status = run(venvPython, ['-m', 'pytest', 'hub/tests', '-q', `--junitxml=${report}`], report);
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const suite = readFileSync(report, 'utf8').match(/<testsuite [^>]*>/)?.[0] ?? '';
  const number = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = number('failures') + number('errors');
  return counted(number('tests') - failed - number('skipped'), failed, number('skipped'), status === 0);
}

/** What failed outside the tests themselves (an import, a beforeAll, a crash) counts as one failure. */
function counted(passed, failed, skipped, clean) {
  return { passed, failed: failed === 0 && !clean ? 1 : failed, skipped };
}

function run(command, args, report) {
  rmSync(report, { force: true });
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', env: preparedEnvironment() }).status;
}
