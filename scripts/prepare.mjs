// Prepares what every command of the project needs on a fresh machine: npm packages (with the pinned Node) and the Python venv.
// Plain JavaScript without dependencies: it runs on any Node >= 20 before anything is installed. Resumable: what a finished step made holds its stamp.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '..');
const venv = path.join(root, '.cache', 'venv');

/** The pinned Node, and the folder that must lead PATH so that scripts find it. */
export const binaries = path.join(root, 'node_modules', '.bin');
export const pinnedNode = path.join(binaries, 'node');
export const venvBinaries = path.join(venv, 'bin');
export const venvPython = path.join(venvBinaries, 'python');

/** Environment with the pinned Node and the venv in front of PATH. */
export const preparedEnvironment = () => ({
  ...process.env,
  PATH: [binaries, venvBinaries, process.env.PATH].join(path.delimiter),
});

/**
 * Throws a sentence when a step cannot be done.
 * @param python false: a hub of the tests and the demo is not needed (`npm start`, `npm run admin`), so neither is Python.
 */
export function prepare({ python = true } = {}) {
  checkNode();
  step(
    'npm packages and the pinned Node',
    path.join(root, 'node_modules', '.prepared'),
    digest('package-lock.json'),
    existsSync(pinnedNode),
    () => {
      // npm itself runs on the machine's Node: the pinned one is inside the folder that npm ci replaces.
      const outside = (process.env.PATH ?? '')
        .split(path.delimiter)
        .filter((folder) => path.resolve(folder) !== binaries);
      run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { PATH: outside.join(path.delimiter) });
    },
  );
  if (!python) return;
  step(
    'Python packages (JupyterHub, JupyterLab, pytest)',
    path.join(venv, '.prepared'),
    digest('hub/requirements.txt'),
    existsSync(venvPython),
    () => {
      rmSync(venv, { recursive: true, force: true });
      run(findPython(), ['-m', 'venv', venv]);
      run(venvPython, [
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
        '-r',
        path.join(root, 'hub', 'requirements.txt'),
      ]);
    },
  );
}

function checkNode() {
  if (Number(process.versions.node.split('.')[0]) < 20)
    throw new Error(`Node 20 or newer is needed, this is ${process.versions.node}.`);
}

function step(title, stamp, wanted, present, work) {
  if (present && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const startedAt = performance.now();
  process.stderr.write(`preparing: ${title} …\n`);
  mkdirSync(path.dirname(stamp), { recursive: true });
  rmSync(stamp, { force: true });
  work();
  writeFileSync(stamp, wanted);
  process.stderr.write(`preparing: ${title}: done in ${Math.round((performance.now() - startedAt) / 1000)} s\n`);
}

function digest(...files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(path.join(root, file)));
  return hash.digest('hex');
}

function run(command, args, env = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (result.error) throw new Error(`${command} cannot be run: ${result.error.message}`);
  if (result.status !== 0)
    throw new Error(
      `"${path.basename(command)} ${args[0]}" failed (see above). Run the same command again: finished steps are kept.`,
    );
}

function findPython() {
  const candidates = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
  const found = candidates.find(
    (name) =>
      spawnSync(name, ['-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'], { stdio: 'ignore' })
        .status === 0,
  );
  if (!found)
    throw new Error(
      'Python 3.10 or newer with its venv module is needed (Debian: apt-get install python3 python3-venv).',
    );
  return found;
}

if (process.argv[1] === import.meta.filename) {
  try {
    prepare({ python: !process.argv.includes('--without-python') });
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
