// What refuses the start, with a sentence that says what to change, and what does not.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { courseByShortname, userByUsername } from '../../simulators/moodle/model.ts';
import { eventually } from '../../support/eventually.ts';
import { createSyncHarness, post, rosterLines, type SyncHarness, testCampus } from './sync-harness.ts';

let harness: SyncHarness;
const site = testCampus();
const serviceAccount = userByUsername(site, 'wsservice').id;
const capabilities = site.systemCapabilities.get(serviceAccount) ?? new Set<string>();
const all = new Set(capabilities);
const functions = [...(site.services[0]?.functions ?? [])];

beforeAll(async () => {
  courseByShortname(site, 'DL202').groupMode = 1;
  courseByShortname(site, 'DL202').groupModeForced = true;
  harness = await createSyncHarness(site);
});
afterEach(() => {
  harness.moodle.faults.clear();
  for (const capability of all) capabilities.add(capability);
  if (site.services[0]) site.services[0].functions = [...functions];
});
afterAll(() => harness.stop());

describe('the start is refused', () => {
  it('for a wrong token, which the sentence does not repeat', async () => {
    const refusal = await harness.startProcess({ environment: { MOODLE_TOKEN: 'not-the-token' } }).catch(String);
    expect(refusal).toMatch(/invalidtoken.*set MOODLE_TOKEN/);
    expect(refusal).not.toContain('not-the-token');
  });

  it('for an address that is not exactly the wwwroot', async () => {
    const wwwroot = harness.moodle.wwwroot.replace('127.0.0.1', 'localhost');
    await expect(harness.startProcess({ wwwroot })).rejects.toThrow(
      new RegExp(`redirects \\(303\\) to ${harness.moodle.wwwroot}: moodle.wwwroot must be exactly`),
    );
  });

  it('for something that is no Moodle', async () => {
    harness.moodle.faults.fail({ match: {}, answer: 'html' });
    await expect(harness.startProcess()).rejects.toThrow(/not complete JSON/);
  });

  it('while web services are off', async () => {
    harness.moodle.faults.webServicesOff = true;
    await expect(harness.startProcess()).rejects.toThrow(/turn on web services/);
  });

  it('for missing functions, all of them in one sentence', async () => {
    if (site.services[0]) site.services[0].functions = ['core_webservice_get_site_info', 'core_course_get_courses'];
    await expect(harness.startProcess()).rejects.toThrow(
      /lacks 5 functions: add core_course_get_courses_by_field, core_enrol_get_enrolled_users, .*core_user_get_users_by_field/,
    );
  });

  it.each([
    'moodle/course:view',
    'moodle/course:viewhiddencourses',
    'moodle/user:viewdetails',
    'moodle/site:accessallgroups',
    'moodle/user:viewalldetails',
    'moodle/site:viewuseridentity',
    'moodle/course:enrolreview',
    'moodle/course:managegroups',
  ])('without %s', async (capability) => {
    capabilities.delete(capability);
    await expect(harness.startProcess()).rejects.toThrow(new RegExp(`allow [^\n]*${capability}`));
  });

  it('with every fault at once', async () => {
    capabilities.delete('moodle/user:viewalldetails');
    capabilities.delete('moodle/site:viewuseridentity');
    capabilities.delete('moodle/course:viewhiddencourses');
    await expect(harness.startProcess()).rejects.toThrow(
      /viewhiddencourses[\s\S]*viewalldetails[\s\S]*viewuseridentity/,
    );
  });
});

describe('the start is not refused', () => {
  it('while Moodle is in maintenance; the roster comes when it is back', async () => {
    harness.moodle.faults.maintenance = true;
    const service = await harness.startProcess();
    const ready = await fetch(`http://127.0.0.1:${service.ports.ops}/readyz`);
    expect(ready.status).toBe(200);
    expect(await rosterLines(harness.db, 'DL202')).toEqual([]);
    harness.moodle.faults.maintenance = false;
    await post(service, '/sync?wait=1');
    expect((await rosterLines(harness.db, 'DL202')).length).toBe(16);
    await service.stop();
  });

  it('while nothing listens at the address', async () => {
    const service = await harness.startProcess({ wwwroot: 'http://127.0.0.1:9' });
    const answer = await eventually(() => post(service, '/sync?wait=1'), 'an answer');
    expect(answer.body).toMatchObject({
      outcome: 'failed',
      summary: { error: expect.stringContaining('connection refused') },
    });
    await service.stop();
  });
});

describe('readiness', () => {
  it('says so when no run has ended within three periods', async () => {
    const service = await harness.startProcess({ more: 'sync: { every: 1s }' });
    const readyz = async () => (await fetch(`http://127.0.0.1:${service.ports.ops}/readyz`)).json();
    expect(await readyz()).toMatchObject({ status: 'ready' });
    harness.moodle.faults.fail({ match: {}, times: 1, answer: 'hang' });
    const answer = await eventually(async () => {
      const body = (await readyz()) as { missing: { roster?: string } };
      return body.missing.roster;
    }, 'not ready');
    expect(answer).toMatch(/a run has been going on since/);
    await service.stop();
  });
});
