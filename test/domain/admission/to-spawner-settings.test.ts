// What an admitted course profile asks of the spawner.
import { expect, it } from 'vitest';
import { toSpawnerSettings } from '../../../src/domain/admission/to-spawner-settings.ts';
import { aCourseProfile, aPool, aProfile } from '../builders.ts';

const settingsOf = (
  profile = aProfile(),
  pool: ReturnType<typeof aPool> | null = aPool(),
): ReturnType<typeof toSpawnerSettings> =>
  toSpawnerSettings({
    courseProfile: aCourseProfile({ profile }),
    course: { id: '12', shortname: 'DL202 {x}' },
    pool,
    sessionId: 'abc',
  });

it('requests as many GPUs as it limits, on the nodes of the pool', () => {
  const pool = aPool({
    resource: 'nvidia.com/mig-1g.10gb',
    nodeSelector: { gpu: 'h100' },
    tolerations: [{ key: 'gpu', operator: 'Exists' }],
  });
  expect(settingsOf(aProfile({ gpu: { pool: 'gpu', count: 2, weight: 0.5 } }), pool)).toMatchObject({
    extra_resource_limits: { 'nvidia.com/mig-1g.10gb': '2' },
    extra_resource_guarantees: { 'nvidia.com/mig-1g.10gb': '2' },
    node_selector: { gpu: 'h100' },
    tolerations: [{ key: 'gpu', operator: 'Exists' }],
  });
});

it('asks for nothing that the profile leaves to the hub', () => {
  expect(settingsOf(aProfile({ gpu: null }), null)).toEqual({
    environment: { COURSEHUB_COURSE: 'DL202 {x}', COURSEHUB_COURSE_PROFILE: '12-gpu' },
    extra_labels: {
      'coursehub.dev/session': 'abc',
      'coursehub.dev/course': '12',
      'coursehub.dev/course-profile': '12-gpu',
    },
    extra_annotations: { 'coursehub.dev/session': 'abc', 'coursehub.dev/course-shortname': 'DL202 {x}' },
    start_timeout: 300,
  });
});

it('keeps names of courses out of labels, which must hold only what Kubernetes allows', () => {
  for (const value of Object.values(settingsOf().extra_labels))
    expect(value).toMatch(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);
});

it('lets Kubernetes end the pod when the culler has not: half an hour after session limit and grace', () => {
  const idle = { ...aProfile().idle, sessionLimitSeconds: 3600, graceSeconds: 600 };
  expect(settingsOf(aProfile({ idle })).extra_pod_config).toEqual({ activeDeadlineSeconds: 6000 });
});

it('mounts shared memory in memory and claims for reading only', () => {
  const volumes = [
    { kind: 'shared-memory', name: 'shm', sizeLimit: '8G', mountPath: '/dev/shm' },
    { kind: 'claim', name: 'data', claimName: 'course-data', subPath: 'public', mountPath: '/data' },
  ] as const;
  expect(settingsOf(aProfile({ volumes }))).toMatchObject({
    volumes: [
      { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: '8Gi' } },
      { name: 'data', persistentVolumeClaim: { claimName: 'course-data', readOnly: true } },
    ],
    volume_mounts: [
      { name: 'shm', mountPath: '/dev/shm' },
      { name: 'data', mountPath: '/data', readOnly: true, subPath: 'public' },
    ],
  });
});
