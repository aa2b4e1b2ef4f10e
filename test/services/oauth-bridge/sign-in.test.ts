// Signing in at a hub through the bridge and the simulated Moodle, over HTTP, with the real openid-client as the hub.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Campus, signIn, startCampus } from './campus.ts';

let campus: Campus;
beforeAll(async () => {
  campus = await startCampus();
});
afterAll(() => campus?.stop());

const lastClaims = () => campus.hub.signins.at(-1)?.claims;

describe('a sign-in', () => {
  it('goes from the hub through Moodle and back, with the claims of the hub only', async () => {
    const browser = await signIn(campus, 'student1');
    expect(browser.page.text).toContain('hub of student1');
    expect(lastClaims()).toEqual({ sub: expect.any(String), preferred_username: 'student1', coursehub_admin: false });
    expect(await campus.metric('coursehub_signin_total{outcome="signed_in"}')).toBe(1);
  });
});
