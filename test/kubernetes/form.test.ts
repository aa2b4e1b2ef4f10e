// The start form of course-profiles beside a cluster: free GPUs, who waits and why, and a cluster that cannot be seen.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCourseProfiles } from '../../services/course-profiles/create-course-profiles.ts';
import { eventually } from '../support/eventually.ts';
import { seedRoster } from '../support/seed-roster.ts';
import { startTestServices, type TestServices } from '../support/start-test-services.ts';
import { testConfigText } from '../support/test-config.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { FakeApiserver } from './fake-apiserver.ts';
import { wireNode, wirePod } from './wire-objects.ts';

const FULL = '0/2 nodes are available: 2 Insufficient nvidia.com/gpu. preemption: 0/2 nodes are available.';
let api: FakeApiserver;
let database: TestDatabase;
let services: TestServices | undefined;
let gpu: string;

beforeEach(async () => {
  api = new FakeApiserver();
  await api.start();
  database = await createTestDatabase();
  const roster = await seedRoster(database.db);
  const course = await roster.course('DL202');
  gpu = `${course}-gpu`;
  for (const hubUsername of ['ann', 'anna']) await roster.enrol(await roster.person({ hubUsername }), course);
});
afterEach(async () => {
  await services?.stop();
  services = undefined;
  await database.drop();
  await api.remove();
});

const start = async (kubernetes: string | null, change = (text: string): string => text): Promise<TestServices> => {
  services = await startTestServices({
    name: 'course-profiles',
    services: ['course-profiles'],
    create: (environment) => [createCourseProfiles(environment)],
    configText: change(testConfigText({}, kubernetes === null ? '' : `kubernetes: ${kubernetes}\n`)),
    databaseUrl: database.url,
    env: { KUBECONFIG: api.kubeconfig() },
  });
  return services;
};
const readiness = async () => {
  const response = await fetch(`${services?.opsUrl}/readyz`);
  return { status: response.status, missing: ((await response.json()) as { missing: Record<string, string> }).missing };
};
const ready = () => eventually(async () => (await readiness()).status === 200, 'readiness');
const form = async (user = 'ann'): Promise<string> => {
  const response = await fetch(`${services?.internalUrl}/form?user=${user}&server=`, {
    headers: { Authorization: 'Bearer internal-token-hub' },
  });
  return response.text();
};
const badgesOf = (html: string): string[] =>
  [...html.matchAll(/class="badge text-bg-(\w+) fw-normal">([^<]*)</g)].map(([, look, text]) => `${look}: ${text}`);
const withCapacity = (text: string) =>
  text.replace('resource: nvidia.com/gpu }', 'resource: nvidia.com/gpu, capacity: 8 }');
const NODES = '{ namespace: campus, nodes: true }';

describe('free GPUs', () => {
  it('follow nodes and pods within 2 s', async () => {
    api.put('nodes', wireNode('gpu-1'));
    for (let index = 0; index < 5; index += 1) api.put('pods', wirePod(`p${index}`, { user: `u${index}`, gpus: 1 }));
    await start(NODES);
    await ready();
    expect(badgesOf(await form())).toEqual(['success: 3 of 8 free now']);
    const becomes = async (badge: string) =>
      eventually(async () => badgesOf(await form()).join() === badge, badge, 2_000);
    api.put('pods', wirePod('p5', { user: 'u5', gpus: 3 }));
    await becomes('warning: 0 of 8 free now');
    api.put('pods', wirePod('p6', { user: 'u6', gpus: 1, unschedulable: FULL }));
    await becomes('warning: 0 of 8 free now, 1 waiting');
    api.put('nodes', wireNode('gpu-2'));
    api.delete('pods', 'p6', 'campus');
    await becomes('success: 8 of 16 free now');
    api.put('nodes', wireNode('gpu-2', { cordoned: true }));
    await becomes('warning: 0 of 8 free now');
  });

  it('say when they lie on different nodes', async () => {
    for (const node of ['gpu-1', 'gpu-2']) {
      api.put('nodes', wireNode(node, { gpus: 2 }));
      api.put('pods', wirePod(`on-${node}`, { user: node, gpus: 1, node }));
    }
    await start(NODES, (text) => text.replace('gpu: { pool: gpu }', 'gpu: { pool: gpu, count: 2 }'));
    await ready();
    expect(badgesOf(await form())).toEqual(['warning: 2 of 4 free now, on different nodes']);
  });

  it('are not shown while the cluster cannot be seen; the form and its offers stay', async () => {
    api.put('nodes', wireNode('gpu-1'));
    await start(NODES);
    await ready();
    await api.stop();
    const html = await eventually(async () => {
      const page = await form();
      return badgesOf(page).length === 0 && page;
    }, 'a form without numbers');
    expect(html).toContain(`value="${gpu}" checked`);
    expect((await readiness()).status).toBe(200);
  });

  it('come from the capacity where nodes may not be read, without Kubernetes, too', async () => {
    api.put('pods', wirePod('leftover', { user: 'gone', gpus: 2 }));
    await start('{ namespace: campus }', withCapacity);
    await ready();
    expect(badgesOf(await form())).toEqual(['success: 6 of 8 free now']);
    await services?.stop();
    await start(null, withCapacity);
    expect(badgesOf(await form())).toEqual(['success: 8 of 8 free now']);
    expect((await readiness()).status).toBe(200);
  });

  it('refuse when the capacity is used up, as without Kubernetes', async () => {
    await start('{ namespace: campus }', (text) => withCapacity(text).replace('capacity: 8', 'capacity: 1'));
    await ready();
    const admit = async (user: string) => {
      const response = await fetch(`${services?.internalUrl}/admissions`, {
        method: 'POST',
        headers: { Authorization: 'Bearer internal-token-hub', 'Content-Type': 'application/json' },
        body: JSON.stringify({
          request_id: crypto.randomUUID(),
          user,
          server: '',
          course_profile: gpu,
          placement: { namespace: 'campus', pod: `jupyter-${user}` },
        }),
      });
      return (await response.json()) as { decision: string; reason: string };
    };
    expect(await admit('ann')).toMatchObject({ decision: 'admit' });
    expect(await admit('anna')).toMatchObject({ decision: 'deny', reason: 'pool_full' });
    expect(badgesOf(await form('anna'))).toEqual(['secondary: all taken']);
    // Her own server is the one that a new start replaces.
    expect(badgesOf(await form('ann'))).toEqual(['success: 1 of 1 free now']);
  });
});

describe('who waits', () => {
  it('reads why, and nobody else does', async () => {
    api.put('pods', wirePod('jupyter-ann', { user: 'ann', server: 'two', gpus: 1, unschedulable: FULL }));
    await start('{ namespace: campus }');
    await ready();
    const html = await form('ann');
    expect(html).toContain('Your server “two” has been waiting since 09:00 and starts by itself');
    expect(html).toContain('The cluster says: 0/2 nodes are available: 2 Insufficient nvidia.com/gpu.<');
    expect(await form('anna')).not.toContain('has been waiting');
    expect(badgesOf(html)).toEqual(['warning: 1 waiting']);
    api.put('pods', wirePod('jupyter-ann', { user: 'ann', server: 'two', gpus: 1 }));
    await eventually(async () => !(await form('ann')).includes('has been waiting'), 'a form without the wait', 2_000);
  });

  it('cannot be made to write HTML into the page', async () => {
    api.put('pods', wirePod('x', { user: 'ann', server: '<b>', unschedulable: '<script>alert(1)</script>' }));
    await start('{ namespace: campus }');
    await ready();
    const html = await form('ann');
    expect(html).toContain('&lt;script&gt;');
    expect(html).not.toMatch(/<script|<b>“|“<b>/);
  });
});

describe('a Role that is too narrow', () => {
  it('makes the service not ready, with the sentence that says what to do', async () => {
    api.deny('list', 'pods');
    await start('{ namespace: campus }');
    const { status, missing } = await eventually(async () => {
      const answer = await readiness();
      return answer.missing['kubernetes']?.includes('does not let') ? answer : null;
    }, 'the refusal');
    expect(status).toBe(503);
    expect(missing['kubernetes']).toContain('a Role there with the verbs list and watch on pods');
    expect(await form()).toContain(`value="${gpu}"`);
    api.allow('list', 'pods');
    await ready();
  });

  it('refuses the start when there are no credentials at all', async () => {
    await expect(
      startTestServices({
        name: 'course-profiles',
        services: ['course-profiles'],
        create: (environment) => [createCourseProfiles(environment)],
        configText: testConfigText({}, 'kubernetes: { namespace: campus }\n'),
        databaseUrl: database.url,
      }),
    ).rejects.toThrow('no ServiceAccount token (automountServiceAccountToken) and no KUBECONFIG');
  });
});
