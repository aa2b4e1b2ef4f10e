// A whole campus on this machine: PostgreSQL, Moodle and Prometheus (simulated), a real JupyterHub, and coursehub all-in-one.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pinnedNode, preparedEnvironment, root, venvBinaries } from '../scripts/prepare.mjs';
import { createKeys } from '../services/admin/create-keys.ts';
import { startEmbeddedPostgres } from '../src/runtime/embedded-postgres.ts';
import { campusSite } from '../test/simulators/moodle/campus-site.ts';
import type { MoodleSite } from '../test/simulators/moodle/model.ts';
import { type MoodleSimulator, startMoodleSimulator } from '../test/simulators/moodle/server.ts';
import {
  type PrometheusSimulator,
  startPrometheusSimulator,
} from '../test/simulators/prometheus/prometheus-simulator.ts';
import { type Addresses, findAddresses } from './addresses.ts';
import { type CampusSecrets, campusConfig, makeSecrets, type Pace, serviceEnvironment } from './campus-config.ts';
import { type Child, startChild } from './child-process.ts';

export interface Campus {
  readonly addresses: Addresses;
  readonly secrets: CampusSecrets;
  readonly moodle: MoodleSimulator;
  readonly prometheus: PrometheusSimulator;
  /** Logs, homes, hub database; removed at the end. */
  readonly folder: string;
  /** A sentence when one of the programs has ended by itself, else null. */
  readonly fault: () => string | null;
  readonly stop: () => Promise<void>;
}

/**
 * @param say gets one line per step.
 * @param signal gives the start up; what was begun is ended before the promise rejects.
 */
export async function startCampus(
  pace: Pace,
  say: (line: string) => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<Campus> {
  const folder = mkdtempSync(path.join(tmpdir(), 'coursehub-demo-'));
  // PostgreSQL does not run as root: its own user must be able to enter.
  chmodSync(folder, 0o755);
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stops.splice(0).reverse())
      await end().catch((error: unknown) => say(`while ending: ${String(error)}`));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const addresses = await findAddresses();
    const secrets = makeSecrets();
    const site = campusSite({
      oauthClientSecret: secrets.moodleClientSecret,
      oauthRedirectUri: `${addresses.bridge}/callback/moodle`,
      webServiceToken: secrets.moodleToken,
    });
    say('starting PostgreSQL, the Moodle simulator and the Prometheus simulator');
    const [postgres, moodle, prometheus] = await startTogether(stops, [
      startEmbeddedPostgres({ directory: path.join(folder, 'postgres'), throwaway: true }),
      startMoodleSimulator({
        site,
        host: '127.0.0.1',
        port: addresses.ports.moodle,
      }),
      startPrometheusSimulator({ scrapeIntervalSeconds: 1, host: '127.0.0.1', port: addresses.ports.prometheus }),
    ]);
    signal.throwIfAborted();
    say('starting JupyterHub and coursehub');
    const hub = startHub(folder, addresses, secrets);
    stops.push(hub.stop);
    const coursehub = startCoursehub(
      folder,
      secrets,
      postgres.url,
      campusConfig(addresses, pace, moodleIdOf(site, 'gpuadmin')),
      JSON.stringify(createKeys()),
    );
    stops.push(coursehub.stop);
    const fault = (): string | null => hub.ended() ?? coursehub.ended();
    await untilReady(fault, signal, `http://127.0.0.1:${addresses.ports.ops}/readyz`, 'coursehub');
    await untilReady(fault, signal, `http://127.0.0.1:${addresses.ports.hub}/hub/api/`, 'JupyterHub');
    return { addresses, secrets, moodle, prometheus, folder, fault, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startCoursehub(
  folder: string,
  secrets: CampusSecrets,
  databaseUrl: string,
  config: string,
  keys: string,
): Child {
  const configFile = path.join(folder, 'coursehub.yaml');
  const keysFile = path.join(folder, 'keys.json');
  writeFileSync(configFile, config);
  writeFileSync(keysFile, keys, { mode: 0o600 });
  return startChild({
    name: 'coursehub',
    command: pinnedNode,
    args: [path.join(root, 'services', 'all-in-one', 'main.ts'), '--config', configFile],
    cwd: folder,
    env: { ...preparedEnvironment(), ...serviceEnvironment(secrets, databaseUrl, keysFile) },
    logFile: path.join(folder, 'coursehub.log'),
  });
}

function startHub(folder: string, addresses: Addresses, secrets: CampusSecrets): Child {
  const homes = path.join(folder, 'homes');
  mkdirSync(homes);
  const { ports } = addresses;
  return startChild({
    name: 'JupyterHub',
    command: path.join(venvBinaries, 'jupyterhub'),
    args: ['--config', path.join(root, 'demo', 'jupyterhub_config.py')],
    cwd: folder,
    env: {
      ...preparedEnvironment(),
      DEMO_ROOT: root,
      DEMO_HOMES: homes,
      DEMO_HUB_PORT: String(ports.hub),
      DEMO_HUB_API_PORT: String(ports.hubApi),
      DEMO_PROXY_API_PORT: String(ports.proxyApi),
      DEMO_HUB_URL: addresses.hub,
      DEMO_BRIDGE_URL: addresses.bridge,
      DEMO_BRIDGE_INTERNAL_URL: `http://127.0.0.1:${ports.bridge}`,
      DEMO_OIDC_SECRET: secrets.oidcSecret,
      DEMO_HUB_API_TOKEN: secrets.hubApiToken,
      COURSEHUB_URL: `http://127.0.0.1:${ports.internal}`,
      COURSEHUB_TOKEN: secrets.hubToken,
    },
    logFile: path.join(folder, 'jupyterhub.log'),
  });
}

/** Moodle's id of a person of the campus. */
export function moodleIdOf(site: MoodleSite, username: string): number {
  const found = [...site.users.values()].find((user) => user.username === username);
  if (!found) throw new Error(`the campus has no ${username}`);
  return found.id;
}

/** Waits for all of them, so that when one fails the others are among what is ended. */
async function startTogether<const Starts extends readonly Promise<{ readonly stop: () => Promise<void> }>[]>(
  stops: (() => Promise<void>)[],
  starts: Starts,
): Promise<{ -readonly [Index in keyof Starts]: Awaited<Starts[Index]> }> {
  for (const outcome of await Promise.allSettled(starts)) {
    if (outcome.status === 'fulfilled') stops.push(outcome.value.stop);
  }
  return Promise.all(starts);
}

async function untilReady(fault: () => string | null, signal: AbortSignal, url: string, name: string): Promise<void> {
  const deadline = performance.now() + 120_000;
  let last = '';
  while (performance.now() < deadline) {
    signal.throwIfAborted();
    const failure = fault();
    if (failure) throw new Error(failure);
    const answer = await fetch(url).catch((error: unknown) => String(error));
    if (typeof answer !== 'string' && answer.ok) return;
    last = typeof answer === 'string' ? answer : `${answer.status} ${await answer.text()}`;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${name} was not ready within 2 minutes; last answer: ${last}`);
}
