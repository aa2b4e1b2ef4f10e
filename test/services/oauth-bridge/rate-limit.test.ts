// Many requests from one address: a page, and nobody else is hit. Behind an ingress the address is in X-Forwarded-For.
import { Agent, request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Campus, startCampus } from './campus.ts';

let campus: Campus;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
beforeAll(async () => {
  campus = await startCampus();
});
afterAll(async () => {
  agent.destroy();
  await campus?.stop();
});

function ask(address: string, path = '/callback/moodle'): Promise<{ status: number; text: string }> {
  const port = Number(new URL(campus.bridgeUrl).port);
  const headers = { 'x-forwarded-for': address };
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, headers, agent }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

it('after 1200 in a minute there is a page that begins again, for that address only', async () => {
  const answers = await Promise.all(Array.from({ length: 1205 }, () => ask('203.0.113.7')));
  const limited = answers.filter((answer) => answer.status === 429);
  expect(limited).toHaveLength(5);
  expect(limited[0]?.text).toContain('Too many requests');
  expect(limited[0]?.text).toContain(`${campus.hub.url}/hub/oauth_login`);
  expect((await ask('203.0.113.8')).status).toBe(400);
  expect(await campus.metric('coursehub_signin_total{outcome="rate_limited"}')).toBe(5);
});

it('an address that the sender wrote itself does not count, nor does one behind a campus address', async () => {
  const sender = '198.51.100.4';
  const answers = await Promise.all(Array.from({ length: 1205 }, (_none, n) => ask(`198.18.0.${n % 250}, ${sender}`)));
  expect(answers.filter((answer) => answer.status === 429)).toHaveLength(5);
  const campusAnswers = await Promise.all(
    Array.from({ length: 1205 }, (_none, n) => ask(`198.18.0.${n % 250}, 10.1.2.3`)),
  );
  expect(campusAnswers.filter((answer) => answer.status === 429)).toHaveLength(5);
  expect((await ask('198.18.0.20')).status).toBe(400);
});

it('/auth, where a sign-in begins, has a limit too', async () => {
  const answers = await Promise.all(Array.from({ length: 1202 }, () => ask('192.0.2.9', '/auth')));
  expect(answers.filter((answer) => answer.status === 429)).toHaveLength(2);
  expect((await ask('192.0.2.9')).status).toBe(400);
});
