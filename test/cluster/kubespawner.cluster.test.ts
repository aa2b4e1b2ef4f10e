// The glue and the services with a real JupyterHub and KubeSpawner on a real apiserver, under the Role that z2jh gives its hub.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { addBurstNode, type BurstNode } from './burst-node.ts';
import { startControlPlane, stopControlPlane } from './control-plane.ts';
import { type GovernedHub, startGovernedHub } from './governed-hub.ts';
import { get, kubectl } from './kubectl.ts';
import { type PodObject, userPods } from './pods.ts';

const NAMESPACE = 'by-hand';
let governed: GovernedHub;

beforeAll(async () => {
  governed = await startGovernedHub(NAMESPACE);
});
afterEach(() => governed.tidyUp(), 90_000);
afterAll(() => governed?.stop());

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
/** The pod of a person's server, by KubeSpawner's annotations. */
const podOf = async (user: string, server = ''): Promise<PodObject> => {
  const found = (await userPods(NAMESPACE)).find(
    ({ metadata: { annotations } }) =>
      annotations?.['hub.jupyter.org/username'] === user &&
      (annotations?.['hub.jupyter.org/servername'] ?? '') === server,
  );
  if (!found) throw new Error(`there is no pod of ${user} ${server}`);
  return found;
};

describe('the pod that the apiserver has accepted', () => {
  beforeAll(() => governed.students('alice'));

  it('has what the course profile says: GPU, place, tolerations, memory, deadline, marks, volumes', async () => {
    expect(await governed.hub.rest.start('alice', governed.profile('capacity'))).toEqual({ outcome: 'ready' });
    const { spec, metadata } = await podOf('alice');
    const session = await governed.database.db.selectFrom('session').select('id').executeTakeFirstOrThrow();
    expect(spec.containers[0]?.resources).toEqual({
      limits: { cpu: '4', memory: '8589934592', 'nvidia.com/gpu': '1' },
      requests: { cpu: '1', memory: '2147483648', 'nvidia.com/gpu': '1' },
    });
    expect(spec).toMatchObject({
      nodeName: 'gpu-1',
      activeDeadlineSeconds: 4 * 3600 + 600 + 1800,
      nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3' },
    });
    expect(spec.tolerations).toContainEqual({ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' });
    expect(metadata.labels).toMatchObject({
      'coursehub.dev/session': session.id,
      'coursehub.dev/course-profile': governed.profile('capacity'),
    });
    expect(metadata.annotations).toMatchObject({
      'coursehub.dev/session': session.id,
      'coursehub.dev/course-shortname': 'DL202',
      'hub.jupyter.org/username': 'alice',
    });
  });

  it('is where the ledger says, and its server has the environment with its braces', async () => {
    expect(await governed.hub.rest.start('alice', governed.profile('capacity'))).toEqual({ outcome: 'ready' });
    const pod = await podOf('alice');
    expect(await governed.session('alice')).toMatchObject({ namespace: NAMESPACE, pod: pod.metadata.name });
    const environment = (await (await fetch(`http://${pod.status.podIP}:8888/`)).json()) as Record<string, string>;
    expect(environment).toMatchObject({ JSON: '{"braces": {}}', COURSEHUB_COURSE: 'DL202' });
  });
});

describe('names', () => {
  const people = ['ann', 'anna', "o'brien", 'ann--a'];
  beforeAll(() => governed.students(...people));

  it('lead to a pod each, and the ledger knows each by its real name', async () => {
    for (const user of people)
      expect(await governed.hub.rest.start(user, governed.profile('cpu'))).toEqual({ outcome: 'ready' });
    expect(await governed.hub.rest.start('ann', governed.profile('queue'), 'a')).toEqual({ outcome: 'ready' });
    const pods = await Promise.all([...people.map((user) => podOf(user)), podOf('ann', 'a')]);
    expect(new Set(pods.map(({ metadata }) => metadata.name)).size).toBe(people.length + 1);
    for (const user of people) expect((await governed.session(user)).pod).toBe((await podOf(user)).metadata.name);
    expect((await governed.session('ann', 'a')).pod).toBe((await podOf('ann', 'a')).metadata.name);
  });

  it('two servers of one person are two sessions: one ends, the other goes on', async () => {
    for (const server of ['', 'a']) await governed.hub.rest.start('ann', governed.profile('cpu'), server);
    await governed.hub.rest.stop('ann', 'a');
    expect((await governed.session('ann', 'a')).end_reason).toBe('server_stopped');
    expect((await governed.session('ann')).end_reason).toBeNull();
  });
});

describe('the ninth of eight', () => {
  const nine = names('gpu-', 9);
  const [ninth, eight] = ['gpu-9', nine.slice(0, 8)];
  beforeAll(() => governed.students(...nine));

  it('waits in queue mode, reads why, and starts when one goes', async () => {
    const { rest } = governed.hub;
    await Promise.all(eight.map((user) => rest.ask(user, governed.profile('queue'))));
    await Promise.all(eight.map((user) => rest.ready(user)));
    const waiting = await rest.start(ninth, governed.profile('queue'), '', 5);
    expect(waiting).toMatchObject({
      outcome: 'pending',
      message: expect.stringContaining('Insufficient nvidia.com/gpu'),
    });
    await rest.stop('gpu-1');
    await rest.ready(ninth);
  });

  it('is refused in capacity mode with a sentence, and nothing of it reaches Kubernetes', async () => {
    const { rest } = governed.hub;
    await Promise.all(eight.map((user) => rest.ask(user, governed.profile('capacity'))));
    await Promise.all(eight.map((user) => rest.ready(user)));
    const refused = await rest.start(ninth, governed.profile('capacity'));
    expect(refused).toMatchObject({ outcome: 'failed', message: expect.stringMatching(/H100/) });
    expect(await userPods(NAMESPACE)).toHaveLength(8);
    await rest.stop('gpu-1');
    expect(await rest.start(ninth, governed.profile('capacity'))).toEqual({ outcome: 'ready' });
  });
});

it('lets only as many of a course start as its limit says, however many ask at once', async () => {
  const people = names('course-', 10);
  await governed.students(...people);
  const { rest } = governed.hub;
  const outcomes = await Promise.all(people.map((user) => rest.start(user, governed.profile('few'))));
  expect(outcomes.filter(({ outcome }) => outcome === 'ready')).toHaveLength(3);
  expect(outcomes.filter(({ outcome }) => outcome === 'failed')).toHaveLength(7);
  expect(await userPods(NAMESPACE)).toHaveLength(3);
});

it('stops the server whose GPU is idle, by the readings of its own pod, and no other', async () => {
  const { rest } = governed.hub;
  await governed.students('idler', 'worker');
  for (const user of ['idler', 'worker'])
    expect(await rest.start(user, governed.profile('watched'))).toEqual({ outcome: 'ready' });
  const pod = async (user: string): Promise<string> => (await podOf(user)).metadata.name;
  governed.prometheus.setGpu(NAMESPACE, await pod('idler'), 'idle');
  governed.prometheus.setGpu(NAMESPACE, await pod('worker'), 'busy');
  await rest.gone('idler', '', 60);
  await eventually(async () => (await governed.session('idler')).end_reason === 'gpu_idle', 'the reason in the ledger');
  expect((await rest.ready('worker')).ready).toBe(true);
  await rest.stop('worker');
});

describe('restarts', () => {
  beforeAll(() => governed.students('lasting', 'next'));

  it('of the hub: the server lives on, is the same session, and stops afterwards', async () => {
    const { rest } = governed.hub;
    expect(await rest.start('lasting', governed.profile('queue'))).toEqual({ outcome: 'ready' });
    const before = (await podOf('lasting')).metadata.uid;
    await governed.hub.restart();
    await rest.ready('lasting');
    expect((await podOf('lasting')).metadata.uid).toBe(before);
    expect((await governed.session('lasting')).end_reason).toBeNull();
    await rest.stop('lasting');
    expect((await governed.session('lasting')).end_reason).toBe('server_stopped');
  });

  it('of the apiserver: servers and sessions live on, and the next start works', async () => {
    const { rest } = governed.hub;
    expect(await rest.start('lasting', governed.profile('queue'))).toEqual({ outcome: 'ready' });
    const before = (await podOf('lasting')).metadata.uid;
    await stopControlPlane(inject('run'), 'apiserver');
    await startControlPlane(inject('bin'), inject('run'));
    expect(await rest.start('next', governed.profile('queue'))).toEqual({ outcome: 'ready' });
    expect((await podOf('lasting')).metadata.uid).toBe(before);
    expect((await governed.session('lasting')).end_reason).toBeNull();
  });
});

it('a drained node: the session ends, and the next start waits until there is a node again', async () => {
  const { rest } = governed.hub;
  await governed.students('drained');
  expect(await rest.start('drained', governed.profile('queue'))).toEqual({ outcome: 'ready' });
  await kubectl('drain', 'gpu-1', '--force', '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=60s');
  await rest.gone('drained', '', 30);
  await eventually(async () => (await governed.session('drained')).end_reason !== null, 'the session to end');
  try {
    const waiting = await rest.start('drained', governed.profile('queue'), '', 8);
    expect(waiting).toMatchObject({ outcome: 'pending', message: expect.stringContaining('unschedulable') });
  } finally {
    await kubectl('uncordon', 'gpu-1');
  }
  await rest.ready('drained');
  await rest.stop('drained');
});

describe('a class that starts at once', () => {
  const people = names('burst-', 200);
  let node: BurstNode;
  beforeAll(async () => {
    node = await addBurstNode();
    await governed.students(...people);
  });
  afterAll(() => node?.remove());

  it('200 spawns: each has a pod and a session', async () => {
    const { rest } = governed.hub;
    const statuses = await Promise.all(people.map((user) => rest.ask(user, governed.profile('burst'))));
    expect(new Set(statuses)).toEqual(new Set([202]));
    // Asked once a second: the list of 200 people costs the hub more than a start.
    for (const deadline = performance.now() + 170_000; (await ready()) < people.length; await delay(1000))
      if (performance.now() > deadline) throw new Error(`${await ready()} of 200 were ready after 170 s`);
    const pods = await userPods(NAMESPACE);
    const sessions = await governed.database.db
      .selectFrom('session')
      .where('ended_at', 'is', null)
      .select('pod')
      .execute();
    expect(sessions.map(({ pod }) => pod).sort()).toEqual(pods.map(({ metadata }) => metadata.name).sort());
  }, 300_000);

  async function ready(): Promise<number> {
    const { text } = await governed.hub.rest.get('/users?state=ready&limit=300');
    return (JSON.parse(text) as unknown[]).length;
  }
});

it('gives an admission back when Kubernetes refuses the pod', async () => {
  const { rest } = governed.hub;
  await governed.students('quota');
  await kubectl('create', 'quota', 'none', '-n', NAMESPACE, '--hard=pods=0');
  try {
    expect(await rest.start('quota', governed.profile('cpu'))).toMatchObject({ outcome: 'failed' });
    await eventually(async () => (await governed.session('quota')).end_reason !== null, 'the session to end', 30_000);
  } finally {
    await kubectl('delete', 'quota', 'none', '-n', NAMESPACE);
  }
  expect(await rest.start('quota', governed.profile('cpu'))).toEqual({ outcome: 'ready' });
  await rest.stop('quota');
});

it('uses no more of the apiserver than its Role allows', async () => {
  const denied = await kubectl('auth', 'can-i', 'list', 'nodes', `--as=system:serviceaccount:${NAMESPACE}:hub`).catch(
    String,
  );
  expect(denied).toContain('no');
  expect(await get('role', 'hub', NAMESPACE)).toBeTruthy();
});
