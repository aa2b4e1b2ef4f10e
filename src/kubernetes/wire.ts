// The parts of Kubernetes' objects that coursehub reads. zod drops all the rest, so that a pod takes 1 KB here, not 10.
import { z } from 'zod';

const texts = z.record(z.string(), z.string()).nullish();
const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const quantities = z.record(z.string(), z.union([z.string(), z.number()])).nullish();

const metadata = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  resourceVersion: z.string(),
  labels: texts,
});

const condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().nullish(),
  message: z.string().nullish(),
  lastTransitionTime: time.nullish(),
});

const container = z.object({
  resources: z.object({ requests: quantities, limits: quantities }).nullish(),
  restartPolicy: z.string().nullish(),
});

const containerStatus = z.object({
  state: z
    .object({ waiting: z.object({ reason: z.string().nullish(), message: z.string().nullish() }).nullish() })
    .nullish(),
});

export const podSchema = z.object({
  metadata: metadata.extend({ annotations: texts, creationTimestamp: time, deletionTimestamp: time.nullish() }),
  spec: z.object({
    nodeName: z.string().nullish(),
    nodeSelector: texts,
    containers: z.array(container),
    initContainers: z.array(container).nullish(),
  }),
  status: z
    .object({
      phase: z.string().nullish(),
      conditions: z.array(condition).nullish(),
      containerStatuses: z.array(containerStatus).nullish(),
      initContainerStatuses: z.array(containerStatus).nullish(),
    })
    .default({}),
});

export const nodeSchema = z.object({
  metadata,
  spec: z
    .object({
      unschedulable: z.boolean().nullish(),
      taints: z.array(z.object({ key: z.string(), value: z.string().nullish(), effect: z.string() })).nullish(),
    })
    .default({}),
  status: z.object({ allocatable: quantities, conditions: z.array(condition).nullish() }).default({}),
});

/** One page of a list; the items are read one by one, so that a strange one does not hide the others. */
export const listSchema = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().nullish() }),
  items: z.array(z.unknown()).nullish(),
});

/** What Kubernetes answers instead: `message` is a sentence. */
export const statusSchema = z.object({ kind: z.literal('Status'), message: z.string().nullish() });

export type WirePod = z.output<typeof podSchema>;
export type WireNode = z.output<typeof nodeSchema>;
