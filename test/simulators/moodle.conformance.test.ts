// Replays the recorded requests of a live Moodle 4.5 against the simulator: web services. What is left out stands in moodle/conformance/omissions.ts.
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBrowser, type RecordedRequest } from './moodle/conformance/browser.ts';
import { capture, differences } from './moodle/conformance/compare.ts';
import { isOmitted, OMISSIONS } from './moodle/conformance/omissions.ts';
import { RECORDED_AT_SECONDS, recordedSite } from './moodle/recorded-site.ts';
import { type MoodleSimulator, startMoodleSimulator } from './moodle/server.ts';

interface RecordedCall {
  readonly request: RecordedRequest;
  readonly status: number;
  readonly content_type: string;
  readonly bytes: number;
  readonly response: unknown;
}

const NOT_SINGLE_CALLS = ['ws_and_oauth_operational_errors', 'ws_capability_ablation', 'ws_minimal_caps_probe'];

const names = readdirSync(new URL('./moodle/captures/', import.meta.url))
  .map((file) => file.replace(/\.json$/, ''))
  .filter((name) => name.startsWith('ws_') && !NOT_SINGLE_CALLS.includes(name));

describe('web services answer as recorded', () => {
  let simulator: MoodleSimulator;
  beforeAll(async () => {
    simulator = await startMoodleSimulator({
      site: recordedSite(),
      now: () => new Date(RECORDED_AT_SECONDS * 1000),
    });
  });
  afterAll(() => simulator.stop());

  it.each(names)('%s', async (name) => {
    const recorded = capture<RecordedCall>(name);
    const answer = await createBrowser(simulator).send(recorded.request);
    expect(answer.status).toBe(recorded.status);
    expect(answer.contentType).toBe(recorded.content_type);
    if (typeof recorded.response === 'string') {
      const shown = recorded.response.replace(/…$/, '');
      expect(answer.body.slice(0, shown.length)).toBe(shown);
    } else {
      expect(differences(JSON.parse(answer.body), recorded.response, '', (path) => isOmitted(name, path))).toEqual([]);
    }
    if (!isOmitted(name, 'bytes')) expect(answer.bytes).toBe(recorded.bytes);
  });

  it('gives a reason for everything that is left out', () => {
    for (const omission of OMISSIONS) expect(omission.reason.length, omission.capture).toBeGreaterThan(10);
  });
});
