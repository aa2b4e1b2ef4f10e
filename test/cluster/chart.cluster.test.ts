// The installed chart really runs: install, upgrade, sign-in, servers, stops, restarts, rollback, uninstall. Nothing is started by hand beside it but Moodle and Prometheus.
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Addresses } from '../../demo/addresses.ts';
import { createHubPerson, type HubPerson } from '../../demo/check/hub-person.ts';
import { eventually } from '../support/eventually.ts';
import { startControlPlane, stopControlPlane } from './control-plane.ts';
import { apply, helm, kubectl, list } from './kubectl.ts';
import { type PodObject, userPods } from './pods.ts';
import { ADDRESSES, prepareRelease, RELEASE, type Release } from './release.ts';

const NAMESPACE = 'campus';
let release: Release;

beforeAll(async () => {
  release = await prepareRelease(NAMESPACE);
});
afterAll(() => release?.stop());

const person = (login: string): HubPerson => createHubPerson(ADDRESSES as Addresses, login);
/** Signs in and submits the form for the course profile of the rule; does not wait for the server. */
async function ask(login: string, rule: string): Promise<HubPerson> {
  const student = person(login);
  await student.signIn();
  await submit(student, rule);
  return student;
}
async function submit(student: HubPerson, rule: string): Promise<void> {
  await student.openForm();
  const choice = student.choices().find((id) => id.endsWith(`-${rule}`));
  if (!choice) throw new Error(`${student.name()} is not offered ${rule}: ${student.browser.page.text.slice(0, 3000)}`);
  await student.submitForm(choice);
}
const podOf = (user: string): Promise<PodObject> =>
  eventually(
    async () =>
      (await userPods(NAMESPACE)).find(({ metadata }) => metadata.annotations?.['hub.jupyter.org/username'] === user),
    `the pod of ${user}`,
  );
const readyPods = async (component: string): Promise<PodObject[]> =>
  (
    await list<PodObject>(
      'pods',
      '-n',
      NAMESPACE,
      '-l',
      `app.kubernetes.io/instance=${RELEASE},app.kubernetes.io/component=${component}`,
    )
  ).filter(({ status }) => status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'));

describe('installing', () => {
  it('the apiserver accepts every object of the chart, strictly', async () => {
    const common = ['-n', NAMESPACE, '--kube-version', '1.35.4', '-f', release.valuesFile];
    const manifest = await helm('template', RELEASE, release.charts.current, ...common);
    await apply(manifest, '-n', NAMESPACE, '--dry-run=server', '--validate=strict');
  });

  it('helm install: everything becomes ready, two replicas of each service', async () => {
    const { charts } = release;
    await (charts.previous ? release.deploy(charts.previous, 'previous') : release.deploy(charts.current, 'current'));
    for (const service of ['oauth-bridge', 'course-profiles', 'moodle-sync', 'idle-culler'])
      expect(await readyPods(service), service).toHaveLength(2);
  }, 200_000);

  it("helm upgrade from the previous commit's chart", () => release.deploy(release.charts.current, 'current'), 200_000);

  it('helm test', async () => {
    expect(await helm('test', RELEASE, '-n', NAMESPACE, '--timeout', '60s')).toContain('Succeeded');
  });
});

describe('people', () => {
  afterEach(() => release.stopServers(), 90_000);

  it('sign in with Moodle, start a JupyterLab and run a cell', async () => {
    const student = await ask('student1', 'lab');
    await student.serverReady();
    await student.openLab();
    expect(await student.runCell('import os\nprint(6 * 7, os.environ["COURSEHUB_COURSE"])')).toBe('42 DS101\n');
  });

  it('named ann and anna have servers of their own', async () => {
    const people = await Promise.all(['ann', 'anna'].map((login) => ask(login, 'gpu')));
    await Promise.all(people.map((each) => each.serverReady()));
    expect((await podOf('ann')).metadata.name).not.toBe((await podOf('anna')).metadata.name);
  });

  it('of a course are limited together', async () => {
    const [first, second] = await Promise.all(['student3', 'student4'].map((login) => ask(login, 'lab')));
    const third = person('student5');
    await third.signIn();
    const page = await third.openForm();
    expect(third.choices().some((id) => id.endsWith('-lab'))).toBe(false);
    expect(page.text).toContain('All 2 sessions of Data science in DS101 are taken');
    await Promise.all([first?.serverReady(), second?.serverReady()]);
  });

  it('the ninth of eight waits, reads why on the form, and starts when a GPU is free', async () => {
    const logins = ['student1', 'student3', 'student4', 'student5', "o'brien", 'ann', 'anna', 'ta1'];
    const eight = await Promise.all(logins.map((login) => ask(login, 'gpu')));
    await Promise.all(eight.map((each) => each.serverReady()));
    const ninth = await ask('teacher1', 'gpu');
    await eventually(
      async () => (await ninth.browser.get(`${ADDRESSES.hub}/hub/spawn-pending/${ninth.name()}`)).status === 200,
      'the page of the one who waits',
    );
    const pod = await podOf(ninth.name());
    expect(pod.status.conditions?.find(({ type }) => type === 'PodScheduled')?.message).toContain(
      'Insufficient nvidia.com/gpu',
    );
    const onlooker = person('学生');
    await onlooker.signIn();
    expect((await onlooker.openForm()).text).toContain('1 waiting');
    const own = await ninth.browser.get(`${ADDRESSES.hub}/hub/spawn/${ninth.name()}/second`);
    expect(own.text).toMatch(/Your server has been waiting since .*The cluster says: .*Insufficient nvidia\.com\/gpu/);
    await eight[0]?.stopServer();
    await ninth.serverReady();
  });

  it('with an idle GPU lose the server, and read why', async () => {
    const student = await ask('student1', 'watched');
    await student.serverReady();
    release.prometheus.setGpu(NAMESPACE, (await podOf('student1')).metadata.name, 'idle');
    await student.serverGone(60);
    expect((await student.openForm()).text).toMatch(/its GPU was idle for 6 s/);
  });
});

describe('while a server runs', () => {
  let student: HubPerson;
  let uid: string;
  beforeAll(async () => {
    student = await ask('student3', 'gpu');
    await student.serverReady();
    uid = (await podOf('student3')).metadata.uid;
  });
  afterAll(() => release.stopServers(), 90_000);
  const stillRuns = async (): Promise<void> => {
    await student.serverReady();
    expect((await podOf('student3')).metadata.uid).toBe(uid);
  };

  it('the hub restarts, and the server lives on', async () => {
    await kubectl('rollout', 'restart', 'deployment/hub', '-n', NAMESPACE);
    await kubectl('rollout', 'status', 'deployment/hub', '-n', NAMESPACE, '--timeout=100s');
    await eventually(stillRunsProbe, 'the server at the new hub', 30_000);
    await stillRuns();
  });

  it('the services restart one replica after the other: sign-ins go on', async () => {
    const rollout = kubectl(
      'rollout',
      'restart',
      'deployment',
      '-n',
      NAMESPACE,
      '-l',
      'app.kubernetes.io/name=coursehub',
    );
    await rollout;
    for (const login of ['student4', 'student5', 'ann']) {
      const each = person(login);
      await each.signIn();
      expect(each.name(), login).toBe(login);
    }
    await kubectl('rollout', 'status', `deployment/${RELEASE}-oauth-bridge`, '-n', NAMESPACE, '--timeout=100s');
    await stillRuns();
  });

  it('the apiserver restarts, and the server lives on', async () => {
    await stopControlPlane(inject('run'), 'apiserver');
    await startControlPlane(inject('bin'), inject('run'));
    await stillRuns();
    const other = await ask('student4', 'gpu');
    await other.serverReady();
    await other.stopServer();
  });

  it('its node is drained: the session ends, the next start waits for a node', async () => {
    await kubectl('drain', 'gpu-1', '--force', '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=100s');
    try {
      await student.serverGone(60);
      await submit(student, 'gpu');
      const pod = await podOf('student3');
      expect(pod.metadata.uid).not.toBe(uid);
      expect(pod.status.phase).toBe('Pending');
    } finally {
      await kubectl('uncordon', 'gpu-1');
    }
    await student.serverReady();
  });

  async function stillRunsProbe(): Promise<boolean> {
    return (await student.server())?.ready === true;
  }
});

describe('leaving', () => {
  it('helm rollback: the earlier release serves again', async () => {
    await helm('rollback', RELEASE, '1', '-n', NAMESPACE, '--wait', '--timeout', '170s');
    const student = person('student1');
    await student.signIn();
    expect(student.name()).toBe('student1');
  }, 200_000);

  it('helm uninstall: data and secrets stay, nothing else of the release', async () => {
    await helm('uninstall', RELEASE, '-n', NAMESPACE, '--wait', '--timeout', '120s');
    const left = (await kubectl('get', 'all,pvc,secret,configmap,role', '-n', NAMESPACE, '-o', 'name'))
      .trim()
      .split('\n');
    expect(left).toContain(`persistentvolumeclaim/${RELEASE}-postgresql`);
    expect(left.filter((name) => /^(deployment|statefulset|service|role)/.test(name))).toEqual([]);
  }, 150_000);

  it('a second install takes the data up again', async () => {
    await release.deploy(release.charts.current, 'current');
    const student = person('student1');
    await student.signIn();
    expect((await student.openForm()).text).toContain('Your last session');
  }, 200_000);
});
