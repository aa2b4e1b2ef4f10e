// What the Helm chart runs beside the services: the migration before they start, and `helm test`; and the keys that Helm makes.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runMigrate } from '../../../services/admin/migrate.ts';
import { runProbe } from '../../../services/admin/probe.ts';
import { keysSchema } from '../../../src/config/keys.ts';
import { migrateToLatest } from '../../../src/database/migrate.ts';
import { freePort } from '../../../src/runtime/free-port.ts';
import { testConfigText } from '../../support/test-config.ts';
import { type Campus, signIn, startCampus } from './campus.ts';

let campus: Campus;
let folder: string;
let config: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'coursehub-probe-'));
  campus = await startCampus();
  await signIn(campus, 'student1');
  config = path.join(folder, 'config.yaml');
  writeFileSync(
    config,
    testConfigText({ moodle: campus.moodle.wwwroot, hub: campus.hub.url, bridge: campus.bridgeUrl }),
  );
});
afterAll(async () => {
  await campus?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const environment = () => ({ DATABASE_URL: campus.database.url });
const addresses = () => {
  const bridge = campus.bridges[0]?.ports;
  return [
    '--ops',
    `http://127.0.0.1:${bridge?.ops}`,
    '--bridge',
    `http://127.0.0.1:${bridge?.public}`,
    '--hub',
    `http://127.0.0.1:${campus.hub.port}`,
  ];
};

describe('probe', () => {
  it("asks each service, and begins a sign-in at the hub that ends at Moodle's login", async () => {
    const said = await runProbe(['--config', config, ...addresses()], environment());
    expect(said.split('\n')).toEqual([
      expect.stringMatching(/^ok {6}http:\/\/127.0.0.1:\d+: is ready$/),
      `ok      bridge: is the issuer ${campus.bridgeUrl}`,
      "ok      sign-in: the hub's sign-in leads over the bridge to Moodle",
    ]);
  });

  it('signs a person in by a login link', async () => {
    const said = await runProbe(['--config', config, ...addresses(), '--person', 'student1'], environment());
    expect(said).toContain(`ok      sign-in of student1: signed in, at ${campus.hub.url}/`);
    expect(campus.hub.signins.at(-1)?.claims['preferred_username']).toBe('student1');
  });

  it('says what is wrong, each thing in a line, without any query', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const wrong = path.join(folder, 'wrong.yaml');
    writeFileSync(
      wrong,
      testConfigText({ moodle: 'http://other.test', hub: campus.hub.url, bridge: 'http://elsewhere.test' }),
    );
    const failure = runProbe(
      ['--config', wrong, ...addresses(), '--ops', `${nobody}`, '--person', 'nobody'],
      environment(),
    );
    await expect(failure).rejects.toMatchObject({ exitCode: 1 });
    const text = await failure.catch((error: Error) => error.message);
    expect(text).toMatch(/FAILED {2}http:\/\/127.0.0.1:\d+: .*ECONNREFUSED/);
    expect(text).toContain('FAILED  bridge: its issuer is not http://elsewhere.test');
    expect(text).toContain('FAILED  sign-in');
    expect(text).toContain('Nobody has the hub username "nobody"');
    expect(text).toContain('4 of 4 checks failed.');
    expect(text).not.toContain('?');
  });
});

describe('migrate', () => {
  it('is done once, and waits for a database', async () => {
    expect(await runMigrate(['--config', config], environment())).toBe('The database schema is up to date.');
    const gone = { DATABASE_URL: `postgresql://x:very-secret@127.0.0.1:${await freePort()}/x` };
    const failure = runMigrate(['--config', config, '--wait', '0'], gone);
    await expect(failure).rejects.toThrow('does not answer after 0 seconds');
    await expect(failure).rejects.not.toThrow('very-secret');
  });

  it('leaves the schema of a newer version alone, as after helm rollback', async () => {
    const { db } = campus.database;
    await sql`insert into kysely_migration (name, timestamp) values ('9999-newer', '2027-01-01')`.execute(db);
    expect(await migrateToLatest(db)).toEqual([]);
    await sql`delete from kysely_migration where name = '9999-newer'`.execute(db);
    expect(await migrateToLatest(db)).toEqual([]);
  });
});

describe('keys made by Helm', () => {
  it('are PEM, and always the same key id', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const keys = { signing: [privateKey.export({ type: 'pkcs1', format: 'pem' })], cookies: ['c'.repeat(43)] };
    const [first, second] = [keysSchema.parse(keys), keysSchema.parse(keys)];
    expect(first.signing[0]).toMatchObject({ kty: 'RSA', use: 'sig', alg: 'RS256', kid: second.signing[0]?.kid });
  });

  it('that are none are refused without being quoted', () => {
    const result = keysSchema.safeParse({ signing: ['-----BEGIN very secret'], cookies: ['c'.repeat(43)] });
    expect(result.success).toBe(false);
    expect(JSON.stringify(result.error?.issues)).not.toContain('very secret');
  });
});
