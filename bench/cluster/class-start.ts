// One class: 200 people whose servers are asked for by REST at once, on a hub of their own, from the first request until all are ready.
import { setTimeout as delay } from 'node:timers/promises';
import type { HubByHand } from '../../test/cluster/hub-by-hand.ts';
import { cpuSecondsOf, cpuSecondsOfAll, machineBusySeconds } from './cpu-time.ts';
import type { RunFigures } from './summary.ts';

const PATIENCE_SECONDS = 240;
/** How often the proxy is asked how many servers it leads to. */
const LOOK_EVERY_MILLISECONDS = 100;

export interface ClassStart {
  readonly hub: HubByHand;
  readonly people: readonly string[];
  /** '' on a hub without coursehub, where nothing is chosen. */
  readonly courseProfile: string;
  /** Servers that the hub's proxy leads to. */
  readonly routes: () => Promise<number>;
  readonly coursehubPids: readonly number[];
  readonly databasePids: readonly number[];
  readonly controlPlanePids: readonly number[];
}

/**
 * A server is ready when the hub has added its route, which is the last thing that the hub does for a start: asked of the proxy, because the hub's list
 * of 200 people costs it more than a start does. At the end the hub itself must say that all are ready. Throws when not.
 */
export async function startClass(options: ClassStart): Promise<RunFigures> {
  const { hub, people } = options;
  const cpu = () => ({
    hub: cpuSecondsOf([hub.pids().hub]),
    proxy: cpuSecondsOf([hub.pids().proxy]),
    coursehub: cpuSecondsOf(options.coursehubPids),
    database: cpuSecondsOf(options.databasePids),
    controlPlane: cpuSecondsOf(options.controlPlanePids),
    all: cpuSecondsOfAll(),
    machine: machineBusySeconds(),
  });
  const before = cpu();
  const startedAt = performance.now();
  const elapsedSeconds = (): number => (performance.now() - startedAt) / 1000;
  const statuses = await Promise.all(people.map((user) => hub.rest.askKnown(user, options.courseProfile)));
  const refused = statuses.filter((status) => status !== 202 && status !== 201);
  if (refused.length > 0) throw new Error(`the hub answered ${refused.join(', ')} to a start; see ${hub.logFile}`);
  for (let ready = await options.routes(); ready < people.length; ready = await options.routes()) {
    if (elapsedSeconds() > PATIENCE_SECONDS)
      throw new Error(`${ready} of ${people.length} were ready after ${PATIENCE_SECONDS} s; see ${hub.logFile}`);
    await delay(LOOK_EVERY_MILLISECONDS);
  }
  const wallSeconds = elapsedSeconds();
  const after = cpu();
  const { text } = await hub.rest.get('/users?state=ready&limit=1000');
  const saidReady = (JSON.parse(text) as unknown[]).length;
  if (saidReady !== people.length) throw new Error(`the hub says that ${saidReady} of ${people.length} are ready`);
  return {
    wallSeconds,
    hubCpuSeconds: after.hub - before.hub,
    proxyCpuSeconds: after.proxy - before.proxy,
    coursehubCpuSeconds: after.coursehub - before.coursehub,
    databaseCpuSeconds: after.database - before.database,
    controlPlaneCpuSeconds: after.controlPlane - before.controlPlane,
    elsewhereCpuSeconds: after.machine - before.machine - (after.all - before.all),
    machineBusyShare: (after.machine - before.machine) / wallSeconds / navigator.hardwareConcurrency,
  };
}
