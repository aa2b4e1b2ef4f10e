// `npm run bench -- cluster`: what coursehub adds to the start of a class of 200, next to the same hub and KubeSpawner without it.
import { readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import path from 'node:path';
import { addBurstNode } from '../../test/cluster/burst-node.ts';
import { startGround } from '../../test/cluster/ground.ts';
import { PROXY_TOKEN, startHubByHand } from '../../test/cluster/hub-by-hand.ts';
import { NO_PROCESS_IMAGE } from '../../test/cluster/image-map.ts';
import { kubectl } from '../../test/cluster/kubectl.ts';
import { runFolder } from '../../test/cluster/run-folders.ts';
import { TEST_ENVIRONMENT } from '../../test/support/test-config.ts';
import { startClass } from './class-start.ts';
import { type CoursehubProcesses, startCoursehub } from './coursehub-processes.ts';
import { type Pair, type RunFigures, rounded, summarise } from './summary.ts';

const PAIRS = 3;
const PEOPLE = Array.from({ length: 200 }, (_, index) => `person-${index + 1}`);
const PORT = 18_000;
const HUB_URL = `http://127.0.0.1:${PORT}`;
/** What the course profile of coursehub-processes.ts gives, written into the hub's configuration. */
const STATIC_SPAWNER = {
  image: NO_PROCESS_IMAGE,
  cpu_guarantee: 0.5,
  cpu_limit: 2,
  mem_guarantee: '1G',
  mem_limit: '2G',
  extra_resource_limits: { 'nvidia.com/mig-1g.10gb': '1' },
  extra_resource_guarantees: { 'nvidia.com/mig-1g.10gb': '1' },
  node_selector: { pool: 'burst' },
  start_timeout: 300,
  extra_pod_config: { activeDeadlineSeconds: 16_800 },
};
/** As JupyterHub and KubeSpawner have them by themselves: a class that starts is not watched every two seconds. */
const WATCH_SECONDS = { poll: 30, activity: 300 };

/** Three pairs, one after the other. Prints each run, and the summary as one line of JSON at the end. */
export async function benchCluster(): Promise<void> {
  const ground = await startGround();
  try {
    const node = await addBurstNode();
    const pairs: Pair[] = [];
    for (let number = 1; number <= PAIRS; number += 1)
      pairs.push({
        with: await reported(number, 'with coursehub', runWith(`with-${number}`)),
        without: await reported(number, 'without', runWithout(`without-${number}`)),
      });
    await node.remove();
    console.log(JSON.stringify(summarise(pairs)));
  } finally {
    await ground.stop();
  }
}

async function reported(pair: number, side: string, run: Promise<RunFigures>): Promise<RunFigures> {
  const figures = await run;
  const text = Object.entries(figures).map(([name, value]) => `${name} ${rounded(value)}`);
  console.log(`pair ${pair}, ${side}: ${text.join(', ')}; load ${loadavg().map((load) => load.toFixed(1))}`);
  return figures;
}

async function runWith(namespace: string): Promise<RunFigures> {
  const folder = path.join(runFolder(), `coursehub-${namespace}`);
  const coursehub = await startCoursehub({ folder, namespace, hubUrl: HUB_URL, people: PEOPLE });
  try {
    return await runHub(namespace, coursehub);
  } finally {
    await coursehub.stop();
  }
}

const runWithout = (namespace: string): Promise<RunFigures> => runHub(namespace, null);

/** A hub in a namespace of its own, nothing left of it at the end. */
async function runHub(namespace: string, coursehub: CoursehubProcesses | null): Promise<RunFigures> {
  const hub = await startHubByHand({
    namespace,
    port: PORT,
    cullerToken: TEST_ENVIRONMENT['HUB_API_TOKEN'] ?? '',
    coursehub: coursehub?.connection ?? null,
    staticSpawner: coursehub ? {} : STATIC_SPAWNER,
    watchSeconds: WATCH_SECONDS,
  });
  try {
    await hub.rest.addPeople(PEOPLE);
    const figures = await startClass({
      hub,
      people: PEOPLE,
      courseProfile: coursehub?.courseProfile ?? '',
      routes: countRoutes,
      coursehubPids: coursehub?.pids.services ?? [],
      controlPlanePids: controlPlanePids(),
      databasePids: coursehub ? [coursehub.pids.database] : [],
    });
    const sessions = (await coursehub?.openSessions()) ?? PEOPLE.length;
    if (sessions !== PEOPLE.length) throw new Error(`the ledger has ${sessions} sessions of ${PEOPLE.length}`);
    return figures;
  } finally {
    await hub.stop();
    await kubectl('delete', 'namespace', namespace, '--wait=true', '--timeout=120s');
  }
}

/** up.sh writes one file for each component. */
function controlPlanePids(): number[] {
  const folder = path.join(runFolder(), 'pid');
  return readdirSync(folder).map((name) => Number(readFileSync(path.join(folder, name), 'utf8')));
}

/** Routes of users' servers in the proxy: every one but the hub's own. */
async function countRoutes(): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${PORT + 2}/api/routes`, {
    headers: { Authorization: `token ${PROXY_TOKEN}` },
  });
  if (!answer.ok) throw new Error(`the proxy answered ${answer.status}`);
  return Object.keys((await answer.json()) as object).filter((route) => route.startsWith('/user/')).length;
}
