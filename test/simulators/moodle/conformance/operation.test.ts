// Replays ws_and_oauth_operational_errors.json: the Host rule, tokens and services that are off, maintenance.
import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RECORDED_AT_SECONDS, recordedSite } from '../recorded-site.ts';
import { type MoodleSimulator, startMoodleSimulator } from '../server.ts';
import { suspendUser } from '../site-changes.ts';
import { createBrowser, type LiveAnswer } from './browser.ts';
import { capture, RECORDED_WWWROOT } from './compare.ts';

interface Recorded {
  readonly status: number;
  readonly ct: string;
  readonly location: string | null;
  readonly body: string;
}

const recorded = capture<Record<string, Recorded>>('ws_and_oauth_operational_errors');
let simulator: MoodleSimulator;

beforeEach(async () => {
  simulator = await startMoodleSimulator({ site: recordedSite(), now: () => new Date(RECORDED_AT_SECONDS * 1000) });
});
afterEach(() => simulator.stop());

const siteInfo = (): Promise<LiveAnswer> =>
  createBrowser(simulator).send({
    method: 'POST',
    url: `${RECORDED_WWWROOT}/webservice/rest/server.php`,
    form: { wstoken: 'WS_TOKEN_NOCAP', wsfunction: 'core_webservice_get_site_info', moodlewsrestformat: 'json' },
  });

const oauthToken = (): Promise<LiveAnswer> =>
  createBrowser(simulator).send({
    method: 'POST',
    url: `${RECORDED_WWWROOT}/local/oauth/token.php`,
    form: { grant_type: 'x' },
  });

const authorizeUrl = `${RECORDED_WWWROOT}/local/oauth/login.php?client_id=jupyterhub&response_type=code`;
const authorize = (): Promise<LiveAnswer> => createBrowser(simulator).send({ method: 'GET', url: authorizeUrl });

const token = () => {
  const found = simulator.site.tokens.find((row) => row.token === 'WS_TOKEN_NOCAP');
  if (found === undefined) throw new Error('the recorded site has this token');
  return found;
};

/** JSON bodies are recorded from their beginning, HTML bodies are compared by their title. */
function expectAnswer(live: LiveAnswer, name: string): void {
  const expected = recorded[name];
  if (expected === undefined) throw new Error(`no case ${name}`);
  expect(live.status).toBe(expected.status);
  expect(live.contentType).toBe(expected.ct);
  expect(live.location ?? null).toBe(expected.location);
  const title = /<title>(.*?)<\/title>/.exec(expected.body)?.[1];
  if (title !== undefined) expect(live.title).toBe(title);
  else expect(live.body.slice(0, expected.body.length)).toBe(expected.body);
}

/** fetch does not let a caller choose Host. */
function postWithHost(path: string, host: string): Promise<{ status: number; ct: string; location: string }> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: simulator.port, path, method: 'POST', headers: { Host: host } };
    const sent = httpRequest(options, (response) => {
      response.resume();
      const { location = '', 'content-type': ct = '' } = response.headers;
      resolve({ status: response.statusCode ?? 0, ct, location });
    });
    sent.once('error', reject);
    sent.end();
  });
}

describe('ws_and_oauth_operational_errors', () => {
  it.each([
    ['host_header_mismatch_ws', '/webservice/rest/server.php'],
    ['host_header_mismatch_oauth_token', '/local/oauth/token.php'],
  ])('%s', async (name, path) => {
    const live = await postWithHost(path, 'moodle.internal');
    expect(live.status).toBe(recorded[name]?.status);
    expect(live.ct).toBe(recorded[name]?.ct);
    expect(live.location.replace(simulator.wwwroot, RECORDED_WWWROOT)).toBe(recorded[name]?.location);
  });

  it('token_ip_restricted', async () => {
    token().ipRestriction = '10.9.9.9';
    expectAnswer(await siteInfo(), 'token_ip_restricted');
  });

  it('service_user_suspended', async () => {
    suspendUser(simulator.site, 69);
    expectAnswer(await siteInfo(), 'service_user_suspended');
  });

  it('service_disabled', async () => {
    for (const service of simulator.site.services) service.enabled = false;
    expectAnswer(await siteInfo(), 'service_disabled');
  });

  it('token_expired, after_expired, reinserted', async () => {
    const row = { ...token() };
    token().validUntil = RECORDED_AT_SECONDS - 1;
    expectAnswer(await siteInfo(), 'token_expired');
    expectAnswer(await siteInfo(), 'after_expired');
    simulator.site.tokens.push(row);
    expectAnswer(await siteInfo(), 'reinserted');
  });

  it.each(['rest_protocol_disabled', 'webservices_disabled'])('%s', async (name) => {
    simulator.faults.webServicesOff = true;
    expectAnswer(await siteInfo(), name);
  });

  it('maintenance_ws, maintenance_oauth, maintenance_oauth_token, restored', async () => {
    simulator.faults.maintenance = true;
    expectAnswer(await siteInfo(), 'maintenance_ws');
    expectAnswer(await authorize(), 'maintenance_oauth');
    expectAnswer(await oauthToken(), 'maintenance_oauth_token');
    simulator.faults.clear();
    expectAnswer(await siteInfo(), 'restored');
  });

  it('upgrade_pending_ws, upgrade_pending_oauth_token, upgrade_pending_authz', async () => {
    expectAnswer(await siteInfo(), 'upgrade_pending_ws');
    expectAnswer(await oauthToken(), 'upgrade_pending_oauth_token');
    expectAnswer(await authorize(), 'upgrade_pending_authz');
  });

  it('userinfo_after_client_deleted', async () => {
    const expiresAt = RECORDED_AT_SECONDS + 60;
    simulator.oauth.tokens.set('t', { userId: 11, scope: 'user_info', expiresAt });
    simulator.site.oauthClients = [];
    const url = `${RECORDED_WWWROOT}/local/oauth/user_info.php?access_token=t`;
    expectAnswer(await createBrowser(simulator).send({ method: 'GET', url }), 'userinfo_after_client_deleted');
  });
});
