// Pods as the apiserver gives them, as far as the tests read them.
import { type KubeObject, list } from './kubectl.ts';

export interface PodObject extends KubeObject {
  readonly spec: {
    readonly nodeName?: string;
    readonly activeDeadlineSeconds?: number;
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly tolerations?: readonly { readonly key?: string; readonly operator?: string; readonly effect?: string }[];
    readonly containers: readonly {
      readonly name: string;
      readonly image: string;
      readonly resources: {
        readonly limits?: Readonly<Record<string, string>>;
        readonly requests?: Readonly<Record<string, string>>;
      };
    }[];
  };
  readonly status: {
    readonly phase: string;
    readonly reason?: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
  };
}

/** Pods of user servers: by KubeSpawner's own label, never by name. */
export const userPods = (namespace: string): Promise<PodObject[]> =>
  list<PodObject>('pods', '-n', namespace, '-l', 'component=singleuser-server');
