// PostgreSQL going away under a running bridge: safe pages, readiness false, and everything works again afterwards (design 7).

import type { AddressInfo } from 'node:net';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createBrowser } from '../../support/browser.ts';
import { eventually } from '../../support/eventually.ts';
import { type Campus, signIn, startCampus } from './campus.ts';

let campus: Campus;
let gate: Server;
const sockets = new Set<Socket>();
let open = true;

/** A door in front of the database that a test can shut. */
async function startGate(target: URL): Promise<void> {
  gate = createServer((incoming) => {
    if (!open) {
      incoming.destroy();
      return;
    }
    const outgoing = createConnection(Number(target.port), target.hostname);
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        incoming.destroy();
        outgoing.destroy();
      });
    }
    incoming.pipe(outgoing).pipe(incoming);
  });
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
}

beforeAll(async () => {
  campus = await startCampus({ withoutBridge: true });
  const url = new URL(campus.database.url);
  await startGate(new URL(url));
  url.port = String((gate.address() as AddressInfo).port);
  await campus.startBridge(Number(new URL(campus.bridgeUrl).port), { DATABASE_URL: url.href });
});
afterAll(async () => {
  open = true;
  await campus?.stop();
  gate?.close();
});

it('says so on a page, and signs people in again when it is back', async () => {
  const browser = await signIn(campus, 'student1');
  const readiness = async () => (await fetch(`http://127.0.0.1:${campus.bridges[0]?.ports.ops}/readyz`)).status;
  expect(await readiness()).toBe(200);
  open = false;
  for (const socket of sockets) socket.destroy();
  await eventually(async () => (await readiness()) === 503, 'readiness to be false');
  for (const path of ['/interaction/abc', `/callback/moodle?code=x&state=${'a'.repeat(48)}`, '/login-link/abc']) {
    const page = await createBrowser().get(campus.bridgeUrl + path);
    expect([page.status, page.text]).toEqual([503, expect.stringContaining('not possible right now')]);
    expect(page.text).toContain(`${campus.hub.url}/hub/oauth_login`);
  }
  await browser.get(`${campus.hub.url}/hub/oauth_login`);
  expect([browser.page.status, browser.page.text]).toEqual([503, expect.stringContaining('not possible right now')]);
  open = true;
  await eventually(async () => (await readiness()) === 200, 'readiness to be true again');
  await browser.get(`${campus.hub.url}/hub/oauth_login`);
  expect(browser.page.text).toContain('hub of student1');
});
