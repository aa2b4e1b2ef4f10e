// Two bridges on one database, every request at the other one: nothing of a sign-in is in memory (bridge-hosts.md 6).
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deleteExpiredOidcRows } from '../../../src/database/oidc-adapter.ts';
import { createBrowser } from '../../support/browser.ts';
import { eventually } from '../../support/eventually.ts';
import { issueCode, redeem } from './authorization-request.ts';
import { type Campus, signIn, startCampus } from './campus.ts';

/** Sends every request to the next of the ports, as a balancer without sessions. */
async function startBalancer(ports: number[]): Promise<{ server: Server; port: number; counts: number[] }> {
  let turn = 0;
  const counts: number[] = [];
  const server = createServer((incoming, outgoing) => {
    const index = turn++ % ports.length;
    counts[index] = (counts[index] ?? 0) + 1;
    const forwarded = request(
      { host: '127.0.0.1', port: ports[index], path: incoming.url, method: incoming.method, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(outgoing);
      },
    );
    forwarded.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port, counts };
}

let campus: Campus;
let balancer: Awaited<ReturnType<typeof startBalancer>>;
const ports: number[] = [];
beforeAll(async () => {
  balancer = await startBalancer(ports);
  campus = await startCampus({ withoutBridge: true, publicPort: balancer.port });
  for (const bridge of await Promise.all([campus.startBridge(), campus.startBridge()]))
    ports.push(bridge.ports.public ?? 0);
});
afterAll(async () => {
  await campus?.stop();
  balancer?.server.close();
});

describe('two bridges', () => {
  it('sign people in together, also several at once', async () => {
    const names = ['student1', 'student2', 'student3', 'student4', 'student5', 'ann'];
    const browsers = await Promise.all(names.map((name) => signIn(campus, name)));
    expect(browsers.map((browser) => /hub of (\S+)</.exec(browser.page.text)?.[1])).toEqual(names);
    expect(Math.min(...balancer.counts)).toBeGreaterThan(10);
    expect(await campus.metric('coursehub_signin_total{outcome="signed_in"}')).toBe(6);
  });

  it('redeem a code once although both are asked at the same moment', async () => {
    await signIn(campus, 'student1');
    const code = await issueCode(campus, createBrowser());
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_none, index) => redeem(campus, ports[index % 2] ?? 0, code)),
    );
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(answers.filter((answer) => answer.body.includes('invalid_grant'))).toHaveLength(11);
  });
});

describe('expired rows', () => {
  it('are invisible at once and removed by one of the replicas', async () => {
    const { db } = campus.database;
    const insert = (id: string, seconds: number) =>
      db
        .insertInto('oidc_payload')
        .values({
          model: 'AccessToken',
          id,
          payload: '{}',
          grant_id: null,
          uid: null,
          user_code: null,
          consumed_at: null,
          expires_at: sql<Date>`clock_timestamp() + make_interval(secs => ${seconds})`,
        })
        .execute();
    await insert('old', -10);
    await insert('alive', 600);
    const left = async () =>
      (await db.selectFrom('oidc_payload').select('id').where('id', 'in', ['old', 'alive']).execute()).map(
        (row) => row.id,
      );
    const deleted = await deleteExpiredOidcRows(db, 5000);
    expect(deleted).toBeGreaterThanOrEqual(1);
    expect(await left()).toEqual(['alive']);
  });

  it('are counted when a bridge starts and cleans up', async () => {
    await sql`insert into oidc_payload (model, id, payload, expires_at) select 'Interaction', 'x' || n, '{}', now() - interval '1 minute' from generate_series(1, 5001) n`.execute(
      campus.database.db,
    );
    const before = campus.bridges.length;
    for (const bridge of campus.bridges.splice(0)) await bridge.stop();
    expect(before).toBe(2);
    await campus.startBridge();
    await eventually(
      async () => (await campus.metric('coursehub_oidc_rows_deleted_total')) >= 5001,
      'the expired rows to be removed',
    );
  });
});
