// A real Chromium, a real JupyterHub: from the hub's sign-in button to a running JupyterLab. Screenshots stay in output/screenshots.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Campus, startCampus } from '../../demo/campus.ts';
import { CHECKING } from '../../demo/campus-config.ts';

const executable = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const screenshots = path.join(import.meta.dirname, '..', '..', 'output', 'screenshots');
if (!executable && process.env['CI'] === 'true') throw new Error('Chromium is missing: apt-get install chromium');

let campus: Campus;
let context: BrowserContext;
let profile: string;

describe.skipIf(!executable)('in Chromium', () => {
  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    profile = mkdtempSync(path.join(tmpdir(), 'coursehub-chromium-'));
    campus = await startCampus(CHECKING, () => undefined);
    context = await chromium.launchPersistentContext(profile, {
      executablePath: executable ?? '',
      headless: true,
      viewport: { width: 1240, height: 900 },
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });
  afterAll(async () => {
    await context?.close();
    await campus?.stop();
    rmSync(profile, { recursive: true, force: true });
  });

  const shoot = (page: Page, name: string): Promise<unknown> =>
    page.screenshot({ path: path.join(screenshots, `${name}.png`), fullPage: true });

  it('a student gets from the sign-in button to a running JupyterLab', async () => {
    campus.prometheus.setGpu('local', 'student1--', 'busy');
    const page = await context.newPage();
    await page.goto(`${campus.addresses.hub}/hub/login`);
    await shoot(page, '1-hub-login');
    await page
      .getByRole('button', { name: /sign in/i })
      .or(page.getByRole('link', { name: /sign in/i }))
      .first()
      .click();
    await page.waitForURL(/login\/index\.php/);
    await page.fill('input[name=username]', 'student1');
    await page.fill('input[name=password]', 'demo');
    await shoot(page, '2-moodle-login');
    await page.locator('input[name=password]').press('Enter');
    await page.waitForURL(/local\/oauth\/login\.php/);
    await shoot(page, '3-moodle-consent');
    await page.locator('[name=submitbutton]').click();
    await page.waitForURL(/\/hub\/(home|spawn)/);
    await page.goto(`${campus.addresses.hub}/hub/spawn`);
    await page.waitForSelector('input[name=course_profile]');
    await shoot(page, '4-start-form');
    await page.setViewportSize({ width: 390, height: 844 });
    await shoot(page, '4-start-form-phone');
    await page.setViewportSize({ width: 1240, height: 900 });
    expect(await page.locator('input[name=course_profile]:not([disabled])').count()).toBe(2);
    await page.locator('#spawn_form input[type=submit], #spawn_form button[type=submit]').first().click();
    await page.waitForURL(/student1\.hub\.localhost.*\/lab/, { timeout: 60_000 });
    await page.waitForSelector('#jp-main-dock-panel', { timeout: 60_000 });
    await page.waitForSelector('.jp-Launcher', { timeout: 60_000 });
    await shoot(page, '5-jupyterlab');
    await page.close();
  }, 180_000);

  it('the next person on the same computer does not get the last one’s server', async () => {
    const page = await context.newPage();
    await page.goto(`${campus.addresses.moodle}/login/logout.php`);
    await page.locator('form [type=submit]').first().click();
    await page.waitForLoadState();
    await page.goto(`${campus.addresses.moodle}/login/index.php`);
    await page.fill('input[name=username]', 'student2');
    await page.fill('input[name=password]', 'demo');
    await page.locator('input[name=password]').press('Enter');
    await page.waitForLoadState();
    await page.goto(`${campus.addresses.hub}/hub/oauth_login`);
    if (page.url().includes('/local/oauth/')) await page.locator('[name=submitbutton]').click();
    await page.waitForURL(/\/hub\/(home|spawn)|hub\.localhost/);
    await page.goto(`${campus.addresses.hub}/hub/home`);
    await page.waitForSelector('text=student2');
    const other = await page.goto(`${campus.addresses.hub.replace('hub.', 'student1.hub.')}/user/student1/api/kernels`);
    expect(other?.status()).toBe(403);
    await page.close();
  }, 120_000);
});
