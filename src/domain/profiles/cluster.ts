// What is known of the cluster: its nodes and the pods that take GPUs or belong to somebody's server. No wire format.
import type { Toleration } from './profile.ts';

export interface ClusterNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Ready, and not cordoned. */
  readonly usable: boolean;
  /** Only those that keep pods away (`NoSchedule`, `NoExecute`). */
  readonly taints: readonly NodeTaint[];
  /** Extended resource (e.g. "nvidia.com/gpu") -> amount that pods may take. */
  readonly allocatable: Readonly<Record<string, number>>;
}

export interface NodeTaint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/** A pod that has not ended (neither Succeeded nor Failed). */
export interface ClusterPod {
  readonly namespace: string;
  readonly name: string;
  /** Of the server: annotations that KubeSpawner sets. null: not a single-user pod. Never guessed from the pod's name. */
  readonly server: { readonly hubUsername: string; readonly serverName: string } | null;
  /** The session that the glue marked it with. */
  readonly sessionId: string | null;
  /** Extended resource -> amount. */
  readonly requests: Readonly<Record<string, number>>;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly nodeName: string | null;
  readonly createdAt: Date;
  /** Transition of the condition PodScheduled to True: the time held starts here. */
  readonly scheduledAt: Date | null;
  readonly ending: boolean;
  /** Yields to every session: z2jh's user placeholders. */
  readonly placeholder: boolean;
  /** Why it does not run yet; null when it runs, or nothing is wrong with its start. */
  readonly wait: PodWait | null;
}

export interface PodWait {
  /** `unschedulable`: no node fits now, Kubernetes goes on trying. `image`: it cannot be fetched. */
  readonly kind: 'unschedulable' | 'image';
  /** In the words of Kubernetes. */
  readonly message: string;
  readonly since: Date;
}

/** z2jh lets user pods tolerate these by default (values.yaml, scheduling.userPods; key with "/" and with "_"). */
const EVERY_USER_POD: readonly Toleration[] = [
  { key: 'hub.jupyter.org/dedicated', operator: 'Equal', value: 'user', effect: 'NoSchedule' },
  { key: 'hub.jupyter.org_dedicated', operator: 'Equal', value: 'user', effect: 'NoSchedule' },
];

/** Kubernetes' rule: every taint that keeps pods away is tolerated by one toleration. */
export function toleratesAll(tolerations: readonly Toleration[], taints: readonly NodeTaint[]): boolean {
  const all = [...tolerations, ...EVERY_USER_POD];
  return taints.every((taint) => all.some((toleration) => tolerates(toleration, taint)));
}

/** An empty key with `Exists` means every taint; an empty effect every effect; the operator is `Equal` when none is given. */
function tolerates({ key, operator, value, effect }: Toleration, taint: NodeTaint): boolean {
  if (effect !== undefined && effect !== taint.effect) return false;
  if (operator === 'Exists') return key === undefined || key === taint.key;
  return key === taint.key && (value ?? '') === taint.value;
}

/** Every label that the selector names is there with that value. */
export const selects = (
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean => Object.entries(selector).every(([key, value]) => labels[key] === value);
