// The ground of all database tests: the embedded server starts, migrations run, a second run changes nothing.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseNow } from '../../src/database/database.ts';
import { createLeaderLock, findPoolingFault } from '../../src/database/leader-lock.ts';
import { migrateToLatest } from '../../src/database/migrate.ts';
import { putSigninState, takeSigninState } from '../../src/database/signin-state.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describe('migrations', () => {
  it('change nothing the second time', async () => {
    expect(await migrateToLatest(database.db)).toEqual([]);
    expect(await databaseNow(database.db)).toBeInstanceOf(Date);
  });
});

describe('leader lock', () => {
  it('belongs to one process at a time and is free again after release', async () => {
    const first = createLeaderLock(database.url, 'culler');
    const second = createLeaderLock(database.url, 'culler');
    const other = createLeaderLock(database.url, 'sync');
    expect([await first.isLeader(), await second.isLeader(), await other.isLeader(), await first.isLeader()]).toEqual([
      true,
      false,
      true,
      true,
    ]);
    await first.release();
    expect(await second.isLeader()).toBe(true);
    await Promise.all([second.release(), other.release()]);
  });

  it('is taken once when several ask at once, and is free after release', async () => {
    const first = createLeaderLock(database.url, 'together');
    const second = createLeaderLock(database.url, 'together');
    expect(await Promise.all([first.isLeader(), first.isLeader(), first.isLeader()])).toEqual([true, true, true]);
    await first.release();
    expect(await second.isLeader()).toBe(true);
    const late = second.isLeader();
    await second.release();
    await late;
    const asking = first.isLeader();
    await first.release();
    await asking;
    expect(await second.isLeader()).toBe(true);
    await second.release();
  });

  it('finds no fault in a direct connection', async () => {
    expect(await findPoolingFault(database.url)).toBeNull();
  });
});

describe('sign-in state', () => {
  it('is given to exactly one of many takers', async () => {
    await putSigninState(database.db, 'upstream', 'k', { a: 1 }, 60);
    const taken = await Promise.all(Array.from({ length: 8 }, () => takeSigninState(database.db, 'upstream', 'k')));
    expect(taken.filter((value) => value !== null)).toEqual([{ a: 1 }]);
  });

  it('is gone when its time is over', async () => {
    await putSigninState(database.db, 'upstream', 'old', {}, -1);
    expect(await takeSigninState(database.db, 'upstream', 'old')).toBeNull();
  });
});
