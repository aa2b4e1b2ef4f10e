// The ground itself: what stands for kubelet, kube-proxy and image must behave as the real ones where the other suites rely on it.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { ENVIRONMENT_SERVER_IMAGE } from './image-map.ts';
import { apply, get, kubectl } from './kubectl.ts';
import type { PodObject } from './pods.ts';

const NAMESPACE = 'node-test';

beforeAll(async () => {
  await kubectl('create', 'namespace', NAMESPACE);
});
afterAll(() => kubectl('delete', 'namespace', NAMESPACE, '--wait=true'));

it('runs a Deployment behind a Service: mounts, environment, readiness, two replicas of one port', async () => {
  await apply(SERVER, '-n', NAMESPACE);
  await kubectl('rollout', 'status', 'deployment/server', '-n', NAMESPACE, '--timeout=60s');
  const { spec } = await get<{ metadata: { name: string; uid: string }; spec: { clusterIP: string } }>(
    'service',
    'server',
    NAMESPACE,
  );
  const seen = new Set<string>();
  await eventually(async () => {
    const answer = (await (await fetch(`http://${spec.clusterIP}:80/`)).json()) as Record<string, string>;
    expect(answer).toMatchObject({ FROM_SECRET: 'hidden', FROM_MAP: 'shown', COMBINED: 'shown-and-more' });
    seen.add(answer['HOSTNAME'] ?? '');
    return seen.size === 2;
  }, 'both replicas to answer');
});

it('runs a Job to its end and reports the exit code of one that fails', async () => {
  await apply(JOBS, '-n', NAMESPACE);
  await kubectl('wait', '--for=condition=Complete', 'job/good', '-n', NAMESPACE, '--timeout=60s');
  await kubectl('wait', '--for=condition=Failed', 'job/bad', '-n', NAMESPACE, '--timeout=60s');
});

it('ends a pod whose activeDeadlineSeconds are over', async () => {
  await apply(SHORT, '-n', NAMESPACE);
  const pod = await eventually(
    async () => {
      const found = await get<PodObject>('pod', 'short', NAMESPACE);
      return found.status.phase === 'Failed' ? found : null;
    },
    'the pod to end',
    30_000,
  );
  expect(pod.status.reason).toBe('DeadlineExceeded');
});

const SERVER = `
apiVersion: v1
kind: Secret
metadata: { name: hidden }
stringData: { word: hidden }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: shown }
data: { word: shown }
---
apiVersion: v1
kind: Service
metadata: { name: server }
spec: { selector: { app: server }, ports: [{ port: 80, targetPort: web }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: server }
spec:
  replicas: 2
  selector: { matchLabels: { app: server } }
  template:
    metadata: { labels: { app: server } }
    spec:
      securityContext: { runAsUser: 1000, runAsNonRoot: true, fsGroup: 1000 }
      volumes: [{ name: hidden, secret: { secretName: hidden, defaultMode: 256 } }]
      initContainers:
        - name: reads-the-secret
          image: ${ENVIRONMENT_SERVER_IMAGE}
          command: [sh, -c, 'test "$(cat /etc/hidden/word)" = hidden && ! touch /not-writable && test "$(id -u)" = 1000']
          securityContext: { readOnlyRootFilesystem: true }
          volumeMounts: [{ name: hidden, mountPath: /etc/hidden, readOnly: true }]
      containers:
        - name: server
          image: ${ENVIRONMENT_SERVER_IMAGE}
          ports: [{ name: web, containerPort: 8888 }]
          readinessProbe: { httpGet: { path: /, port: web } }
          env:
            - { name: JUPYTERHUB_SERVICE_URL, value: 'http://0.0.0.0:8888/' }
            - { name: FROM_SECRET, valueFrom: { secretKeyRef: { name: hidden, key: word } } }
            - { name: FROM_MAP, valueFrom: { configMapKeyRef: { name: shown, key: word } } }
            - { name: COMBINED, value: $(FROM_MAP)-and-more }
`;

const job = (name: string, command: string): string => `
apiVersion: batch/v1
kind: Job
metadata: { name: ${name} }
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{ name: work, image: ${ENVIRONMENT_SERVER_IMAGE}, command: [sh, -c, '${command}'] }]
`;
const JOBS = `${job('good', 'exit 0')}---${job('bad', 'exit 3')}`;

const SHORT = `
apiVersion: v1
kind: Pod
metadata: { name: short }
spec:
  activeDeadlineSeconds: 1
  containers: [{ name: work, image: ${ENVIRONMENT_SERVER_IMAGE}, command: [sleep, '600'] }]
`;
