// The section `kubernetes`: what of the cluster is read, and where.
import { z } from 'zod';
import { duration } from './duration.ts';

export const kubernetes = z
  .strictObject({
    namespace: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be the name of a namespace')
      .describe("Where the hub's single-user pods run. Needs a Role there: list and watch pods."),
    podSelector: z
      .string()
      .min(1)
      .default('component=singleuser-server')
      .describe(
        'Label selector of single-user pods. Two hubs in one namespace: add ",release=<name>". Whose pod it is tells its annotation.',
      ),
    nodes: z
      .boolean()
      .default(false)
      .describe(
        'Read nodes: the form shows free GPUs of pools without `capacity`, too. Needs a ClusterRole: list and watch nodes.',
      ),
    otherPods: z
      .boolean()
      .default(false)
      .describe(
        'Count GPUs that pods of other namespaces hold. Only with `nodes`. Needs a ClusterRole: list and watch pods.',
      ),
    requestTimeout: duration.prefault('10s').describe('How long one call to the apiserver may take.'),
  })
  .nullable()
  .default(null)
  .describe(
    "What course-profiles and idle-culler see of the cluster: free GPUs, why a server waits, when its pod was scheduled. Signed in as the pod's ServiceAccount, or by the file that the environment variable KUBECONFIG names. null: no Kubernetes.",
  );
