// Pods and nodes as a real apiserver has them: KubeSpawner's labels and annotations, conditions, and the bulk that is stripped.
import type { WireObject } from './fake-apiserver.ts';

export interface PodOptions {
  readonly namespace?: string;
  readonly user?: string;
  readonly server?: string;
  readonly session?: string;
  readonly gpus?: number;
  readonly resource?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly node?: string;
  readonly scheduledAt?: string;
  readonly phase?: string;
  /** The scheduler's message: the pod waits. */
  readonly unschedulable?: string;
  readonly imageFault?: string;
  readonly ending?: boolean;
  readonly component?: string;
}

const CREATED = '2026-11-25T08:00:00Z';

/** Runs on `node`, unless told otherwise. */
export function wirePod(name: string, options: PodOptions = {}): WireObject {
  const { user, server, session, gpus = 0, resource = 'nvidia.com/gpu' } = options;
  const amount = gpus > 0 ? { [resource]: String(gpus) } : {};
  const annotations = {
    ...(user === undefined ? {} : { 'hub.jupyter.org/username': user }),
    ...(server ? { 'hub.jupyter.org/servername': server } : {}),
    ...(session ? { 'coursehub.dev/session': session } : {}),
  };
  const waits = options.unschedulable !== undefined;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: options.namespace ?? 'campus',
      uid: `uid-${name}`,
      creationTimestamp: CREATED,
      ...(options.ending ? { deletionTimestamp: CREATED } : {}),
      labels: { app: 'jupyterhub', component: options.component ?? 'singleuser-server', release: 'campus' },
      annotations,
      managedFields: [{ manager: 'OpenAPI-Generator', operation: 'Update', fieldsV1: bulk(80) }],
    },
    spec: {
      ...(waits ? {} : { nodeName: options.node ?? 'gpu-1' }),
      ...(options.nodeSelector ? { nodeSelector: options.nodeSelector } : {}),
      containers: [
        {
          name: 'notebook',
          image: 'registry.test/pytorch:1',
          env: Array.from({ length: 40 }, (_, index) => ({ name: `VARIABLE_${index}`, value: 'x'.repeat(40) })),
          resources: { requests: { cpu: '1', memory: '2147483648', ...amount }, limits: { cpu: '4', ...amount } },
        },
      ],
      tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' }],
    },
    status: {
      phase: options.phase ?? (waits || options.imageFault ? 'Pending' : 'Running'),
      conditions: [
        waits
          ? {
              type: 'PodScheduled',
              status: 'False',
              reason: 'Unschedulable',
              message: options.unschedulable,
              lastTransitionTime: '2026-11-25T08:00:01Z',
            }
          : {
              type: 'PodScheduled',
              status: 'True',
              lastTransitionTime: options.scheduledAt ?? '2026-11-25T08:00:02Z',
            },
      ],
      ...(options.imageFault
        ? { containerStatuses: [{ state: { waiting: { reason: 'ImagePullBackOff', message: options.imageFault } } }] }
        : {}),
    },
  };
}

export interface NodeOptions {
  readonly gpus?: number;
  readonly resource?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ready?: boolean;
  readonly cordoned?: boolean;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
}

export function wireNode(name: string, options: NodeOptions = {}): WireObject {
  const { gpus = 8, resource = 'nvidia.com/gpu', ready = true } = options;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, ...options.labels },
      creationTimestamp: CREATED,
      managedFields: [{ manager: 'kubelet', operation: 'Update', fieldsV1: bulk(80) }],
    },
    spec: {
      podCIDR: '10.1.0.0/24',
      ...(options.cordoned ? { unschedulable: true } : {}),
      ...(options.taints ? { taints: options.taints } : {}),
    },
    status: {
      capacity: { cpu: '64', [resource]: String(gpus) },
      allocatable: { cpu: '64', memory: '263768076Ki', pods: '110', 'hugepages-2Mi': '0', [resource]: String(gpus) },
      conditions: [
        { type: 'MemoryPressure', status: 'False', lastTransitionTime: CREATED },
        { type: 'Ready', status: ready ? 'True' : 'Unknown', lastTransitionTime: CREATED },
      ],
      images: Array.from({ length: 50 }, (_, index) => ({
        names: [`registry.test/image@sha256:${index}`],
        sizeBytes: 1,
      })),
    },
  };
}

const bulk = (fields: number): object =>
  Object.fromEntries(Array.from({ length: fields }, (_, index) => [`f:field-${index}`, { '.': {}, 'f:value': {} }]));
