// The operator's command line, as a process.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keysSchema } from '../../../src/config/keys.ts';
import { allocateHubUsername, ensurePlatform, upsertSignedInPerson } from '../../../src/database/people.ts';
import { moodleUserId } from '../../../src/domain/ids.ts';
import { testConfigText } from '../../support/test-config.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

let folder: string;
let database: TestDatabase;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'coursehub-admin-'));
  database = await createTestDatabase();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await database?.drop();
});

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function admin(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Result> {
  const main = path.resolve('services/admin/main.ts');
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [main, ...args],
      { env: { PATH: process.env['PATH'] ?? '', ...env } },
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

describe('what is called wrongly', () => {
  it.each([
    [[], 'No command is given'],
    [['frobnicate'], 'There is no command "frobnicate"'],
    [['toString'], 'There is no command "toString"'],
    [['keys'], 'keys new'],
    [['keys', 'new', '--outt', 'x'], "Unknown option '--outt'"],
    [['keys', 'new', 'extra'], '"extra" is too much'],
    [['keys', 'rotate'], '--in FILE'],
    [['login-link'], 'login-link <hub username> --config FILE'],
    [['login-link', 'anna'], 'login-link <hub username> --config FILE'],
  ])('%j ends with a sentence and 2', async (args, sentence) => {
    const result = await admin(args);
    expect([result.code, result.out, result.err]).toEqual([2, '', expect.stringContaining(sentence)]);
  });

  it('help says what there is', async () => {
    expect(await admin(['help'])).toMatchObject({ code: 0, out: expect.stringContaining('keys rotate') });
  });
});

describe('keys', () => {
  it('new prints a key file, or writes one that only its owner reads and that is never overwritten', async () => {
    const printed = await admin(['keys', 'new']);
    expect(keysSchema.parse(JSON.parse(printed.out)).signing).toHaveLength(1);
    const file = path.join(folder, 'keys.json');
    expect((await admin(['keys', 'new', '--out', file])).code).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const before = readFileSync(file, 'utf8');
    expect(await admin(['keys', 'new', '--out', file])).toMatchObject({
      code: 1,
      err: expect.stringContaining('not overwritten'),
    });
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('rotate puts new ones in front and keeps two generations', async () => {
    const [first, second, third] = ['first', 'second', 'third'].map((name) => path.join(folder, `${name}.json`)) as [
      string,
      string,
      string,
    ];
    await admin(['keys', 'new', '--out', first]);
    expect((await admin(['keys', 'rotate', '--in', first, '--out', second])).code).toBe(0);
    expect((await admin(['keys', 'rotate', '--in', second, '--out', third])).code).toBe(0);
    const [a, b, c] = [first, second, third].map((file) => keysSchema.parse(JSON.parse(readFileSync(file, 'utf8'))));
    expect(b?.signing.map((key) => key.kid)).toEqual([expect.any(String), a?.signing[0]?.kid]);
    expect(c?.signing.map((key) => key.kid)).toEqual([expect.any(String), b?.signing[0]?.kid]);
    expect(c?.cookies).toEqual([expect.any(String), b?.cookies[0]]);
  });

  it('rotate refuses what is no key file, without quoting it', async () => {
    const file = path.join(folder, 'broken.json');
    writeFileSync(file, '{"signing":[{"d":"private"}]}');
    const result = await admin(['keys', 'rotate', '--in', file, '--out', path.join(folder, 'never.json')]);
    expect([result.code, result.err]).toEqual([1, `${file} is not a key file of "keys new"\n`]);
    const gone = await admin(['keys', 'rotate', '--in', path.join(folder, 'gone'), '--out', path.join(folder, 'n')]);
    expect(gone).toMatchObject({ code: 1, err: expect.stringContaining('cannot be read (ENOENT)') });
  });
});

describe('login-link', () => {
  it('prints a link, audits it, and refuses unknown people and configurations', async () => {
    const { db } = database;
    const person = await upsertSignedInPerson(
      db,
      await ensurePlatform(db, 'http://moodle.test'),
      { moodleId: moodleUserId(7), username: 'anna', fullName: 'Anna', email: 'a@uni.test', lang: 'en' },
      new Date(),
    );
    await allocateHubUsername(db, person.id, ['anna']);
    const config = path.join(folder, 'coursehub.yaml');
    writeFileSync(config, testConfigText({ bridge: 'http://bridge.localhost:8080' }));
    const env = { DATABASE_URL: database.url };
    const made = await admin(['login-link', 'anna', '--config', config], env);
    expect(made).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^http:\/\/bridge\.localhost:8080\/login-link\/\S{43}\n/),
    });
    const audit = await db.selectFrom('audit').selectAll().execute();
    expect(audit).toEqual([expect.objectContaining({ action: 'login_link_made', subject: `person:${person.id}` })]);
    expect(await admin(['login-link', 'bob', '--config', config], env)).toMatchObject({
      code: 1,
      err: expect.stringContaining('"bob"'),
    });
    expect(await admin(['login-link', 'anna', '--config', config])).toMatchObject({
      code: 1,
      err: expect.stringContaining('DATABASE_URL'),
    });
    expect(await admin(['login-link', 'anna', '--config', '/gone.yaml'], env)).toMatchObject({
      code: 1,
      err: expect.stringContaining('/gone.yaml'),
    });
  });
});
