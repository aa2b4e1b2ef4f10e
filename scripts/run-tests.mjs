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
// Not clean although nothing counted as failed (a crash, an unhandled error): still a failure.
process.exit(total.failed === 0 && results.every((result) => result.clean) ? 0 : 1);

function vitest(args) {
  const report = path.join(output, 'vitest.json');
  const status = run(
    path.join(binaries, 'vitest'),
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...args],
    report,
  );
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0, clean: false };
  const counts = JSON.parse(readFileSync(report, 'utf8'));
  const failed =
    counts.numFailedTests +
    counts.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
  return {
    passed: counts.numPassedTests,
    failed,
    skipped: counts.numPendingTests + counts.numTodoTests,
    clean: status === 0,
  };
}

function pytest() {
  const report = path.join(output, 'pytest.xml');
  const status = run(venvPython, ['-m', 'pytest', 'hub/tests', '-q', `--junitxml=${report}`], report);
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0, clean: false };
  const suite = readFileSync(report, 'utf8').match(/<testsuite [^>]*>/)?.[0] ?? '';
  const number = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = number('failures') + number('errors');
  return {
    passed: number('tests') - failed - number('skipped'),
    failed,
    skipped: number('skipped'),
    clean: status === 0,
  };
}

function run(command, args, report) {
  rmSync(report, { force: true });
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', env: preparedEnvironment() }).status;
}
