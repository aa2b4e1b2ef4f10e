// What tests read out of a rendered release.
import { find, type KubernetesObject, podTemplates } from './helm.ts';

export const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');

/** The environment of a container as the kubelet would make it: references to Secrets resolved, $(X) filled in. */
export function environmentOf(objects: readonly KubernetesObject[], owner: string): Record<string, string> {
  const pod = podTemplates(objects).find((template) => template.owner === owner);
  const env: Record<string, string> = {};
  for (const { name, value, valueFrom } of pod?.spec.containers[0].env ?? []) {
    const ref = valueFrom?.secretKeyRef;
    if (ref) env[name] = decode(find(objects, 'Secret', ref.name)['data'][ref.key]);
    else if (value !== undefined) env[name] = value.replace(/\$\((\w+)\)/g, (_: string, key: string) => env[key]);
  }
  return env;
}

export const configText = (objects: readonly KubernetesObject[]): string =>
  find(objects, 'ConfigMap', 'camp-config')['data']['config.yaml'];

/** Pods that are coursehub's, not the hub's. */
export const ourPods = (objects: readonly KubernetesObject[]) =>
  podTemplates(objects).filter(({ labels }) => labels['app.kubernetes.io/name'] === 'coursehub');
