// PostgreSQL goes away: a sentence and a 503, readiness says what is missing, and all is well again afterwards.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createCourseProfiles } from '../../../services/course-profiles/create-course-profiles.ts';
import { startEmbeddedPostgres } from '../../../src/runtime/embedded-postgres.ts';
import { eventually } from '../../support/eventually.ts';
import { startTestServices } from '../../support/start-test-services.ts';
import { testConfigText } from '../../support/test-config.ts';

it('answers 503 with a sentence while PostgreSQL is down', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'coursehub-down-'));
  chmodSync(directory, 0o755);
  const postgres = await startEmbeddedPostgres({ directory: path.join(directory, 'data'), throwaway: true });
  const services = await startTestServices({
    name: 'course-profiles',
    services: ['course-profiles'],
    create: (environment) => [createCourseProfiles(environment)],
    configText: testConfigText(),
    databaseUrl: postgres.url,
  });
  try {
    expect((await fetch(`${services.opsUrl}/readyz`)).status).toBe(200);
    await postgres.stop();
    const response = await fetch(`${services.internalUrl}/checks`, {
      method: 'POST',
      headers: { Authorization: 'Bearer internal-token-hub', 'Content-Type': 'application/json' },
      body: JSON.stringify({ user: 'student1', server: '', course_profile: '1-gpu' }),
    });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      code: 'database_unavailable',
      detail: expect.stringContaining('try again'),
    });
    await eventually(async () => (await fetch(`${services.opsUrl}/readyz`)).status === 503, 'readiness to be false');
    expect((await fetch(`${services.opsUrl}/healthz`)).status).toBe(200);
  } finally {
    await services.stop();
    rmSync(directory, { recursive: true, force: true });
  }
});
