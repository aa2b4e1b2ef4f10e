// A site with so many courses that their list is larger than other answers may be.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMoodleWebService } from '../../../src/moodle/web-service.ts';

const COURSES = 6000;
let server: Server;
beforeAll(async () => {
  const summary = '<p>'.padEnd(4000, 'long ');
  const courses = Array.from({ length: COURSES }, (_, index) => ({
    id: index + 2,
    shortname: `C${index}`,
    fullname: `Course ${index}`,
    categoryid: 1,
    summary,
    visible: 1,
    groupmode: 0,
  }));
  const answer = JSON.stringify({ courses, warnings: [] });
  expect(answer.length).toBeGreaterThan(20_000_000);
  server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'application/json').end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

it('reads the whole list', async () => {
  const moodle = createMoodleWebService({
    wwwroot: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: 'token',
    timeoutSeconds: 20,
    retries: 0,
  });
  expect((await moodle.listCourses()).length).toBe(COURSES);
});
