// probe: is the whole installation there? Asks each service, and begins a sign-in at the hub; with --person signs in to the end. The chart's `helm test`.
import path from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Environment } from '../../src/config/secrets.ts';
import { openDatabase } from '../../src/database/database.ts';
import { createHttpClient } from '../../src/http/http-client.ts';
import { CommandFault, parseArguments } from './command-fault.ts';
import { createLoginLink } from './login-link.ts';
import { createProbeBrowser, type ProbeBrowser, type ProbePage } from './probe-browser.ts';

/** @returns a line per check. Throws a CommandFault that holds all lines when one of them failed. */
export async function runProbe(args: readonly string[], env: Environment): Promise<string> {
  const { values, positionals } = parseArguments(args, ['config', 'ops', 'bridge', 'hub', 'person']);
  if (positionals.length > 0 || !values['config'])
    throw new CommandFault(2, 'probe: say probe --config FILE [--ops ADDRESSES] [--bridge ADDRESS] [--hub ADDRESS]');
  const { config, secrets } = loadConfig(path.resolve(values['config']), env, []);
  const checks: (readonly [string, () => Promise<string>])[] = (values['ops'] ?? '')
    .split(',')
    .filter((address) => address !== '')
    .map((address) => [address, () => askReadiness(address)]);
  const bridge = values['bridge'] ?? config.bridge.publicUrl;
  checks.push(['bridge', () => askDiscovery(bridge, config)]);
  const browser = createProbeBrowser(
    new Map([
      [new URL(config.hub.publicUrl).origin, values['hub'] ?? new URL(config.hub.publicUrl).origin],
      [new URL(config.bridge.publicUrl).origin, bridge],
    ]),
  );
  checks.push(['sign-in', () => beginSignin(browser, config)]);
  const { person } = values;
  if (person) checks.push([`sign-in of ${person}`, () => signIn(browser, config, secrets.databaseUrl ?? '', person)]);
  return report(checks);
}

async function report(checks: readonly (readonly [string, () => Promise<string>])[]): Promise<string> {
  const lines: string[] = [];
  let failed = 0;
  for (const [name, check] of checks) {
    try {
      lines.push(`ok      ${name}: ${await check()}`);
    } catch (error) {
      failed += 1;
      lines.push(`FAILED  ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (failed > 0) throw new CommandFault(1, `${lines.join('\n')}\n${failed} of ${checks.length} checks failed.`);
  return lines.join('\n');
}

async function askReadiness(address: string): Promise<string> {
  const client = createHttpClient({ upstream: 'probe', baseUrl: address, timeoutSeconds: 10 });
  const answer = await client.get<string>('/readyz');
  if (answer.status !== 200) throw new Error(`is not ready: ${answer.data.slice(0, 500)}`);
  return 'is ready';
}

async function askDiscovery(address: string, config: Config): Promise<string> {
  const client = createHttpClient({ upstream: 'probe', baseUrl: address, timeoutSeconds: 10 });
  const answer = await client.get<string>('/.well-known/openid-configuration');
  if (answer.status !== 200) throw new Error(`answers ${answer.status} to its discovery document`);
  const { issuer } = JSON.parse(answer.data) as { issuer?: unknown };
  if (issuer !== config.bridge.publicUrl) throw new Error(`its issuer is not ${config.bridge.publicUrl}`);
  return `is the issuer ${config.bridge.publicUrl}`;
}

/** Hub -> bridge -> Moodle's login: proves addresses, client and callback on both sides. */
async function beginSignin(browser: ProbeBrowser, config: Config): Promise<string> {
  const page = await browser.open(`${config.hub.publicUrl}/hub/oauth_login`);
  if (page.status !== null || !page.url.href.startsWith(`${config.moodle.wwwroot}/`))
    throw new Error(`the hub's sign-in ends at ${describe(page)} instead of Moodle`);
  return "the hub's sign-in leads over the bridge to Moodle";
}

async function signIn(browser: ProbeBrowser, config: Config, databaseUrl: string, person: string): Promise<string> {
  const db = openDatabase({ url: databaseUrl, maxConnections: 1, applicationName: 'coursehub probe' }, () => undefined);
  try {
    const link = await createLoginLink(db, config.bridge.publicUrl, person);
    await browser.open(link);
    const page = await browser.open(link, true);
    // A person whose server runs is sent on to it, on a host below the hub's.
    const atHub = page.url.hostname === new URL(config.hub.publicUrl).hostname && page.status === 200;
    const atServer = page.status === null && page.url.hostname.endsWith(`.${new URL(config.hub.publicUrl).hostname}`);
    if (!atServer && !(atHub && !/\/hub\/(login|oauth_)/.test(page.url.pathname)))
      throw new Error(`ends at ${describe(page)} instead of the hub`);
    return `signed in, at ${page.url.origin}${page.url.pathname}`;
  } finally {
    await db.destroy();
  }
}

/** Never the query: it may hold codes. */
const describe = ({ url, status }: ProbePage): string =>
  `${url.origin}${url.pathname}${status === null ? '' : ` (${status})`}`;
