// Opens the way to the apiserver: the pod's ServiceAccount, or a kubeconfig file outside a cluster.
import { existsSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node';

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * Never the file of the person who starts us (~/.kube/config): it may be an administrator's.
 * @param kubeconfigFile of the environment (KUBECONFIG); null: the ServiceAccount, whose token is read anew every minute.
 * @throws a sentence when there is neither.
 */
export function openCluster(kubeconfigFile: string | null): KubeConfig {
  const config = new KubeConfig();
  if (kubeconfigFile !== null) {
    try {
      config.loadFromFile(kubeconfigFile);
    } catch (error) {
      throw new Error(`the kubeconfig file ${kubeconfigFile} of KUBECONFIG cannot be read: ${sentenceOf(error)}`);
    }
    if (!config.getCurrentCluster())
      throw new Error(`the kubeconfig file ${kubeconfigFile} of KUBECONFIG names no current cluster`);
    return config;
  }
  if (!existsSync(SERVICE_ACCOUNT_TOKEN))
    throw new Error(
      'the section `kubernetes` is configured, but this process has no ServiceAccount token (automountServiceAccountToken) and no KUBECONFIG: give one, or leave the section out',
    );
  config.loadFromCluster();
  if (!URL.canParse(config.getCurrentCluster()?.server ?? ''))
    throw new Error('KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: is this process in a pod?');
  return config;
}

const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
