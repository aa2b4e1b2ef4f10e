// Who may reach whom: computes it from rendered NetworkPolicies, as a strict CNI applies them (an ipBlock matches no pod).
import type { KubernetesObject } from './helm.ts';

export interface NetworkPod {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Name of a container port -> number. */
  readonly ports?: Readonly<Record<string, number>>;
}

/** An address outside of the cluster, the node's DNS cache or the Kubernetes API. */
export interface OutsideAddress {
  readonly outside: string;
}

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}
interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}
interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly port?: number | string; readonly protocol?: string }[];
}

type Place = NetworkPod | OutsideAddress;
const isPod = (place: Place): place is NetworkPod => 'labels' in place;

/** @param policies the rendered NetworkPolicies, all of `namespace`. */
export function createReachability(policies: readonly KubernetesObject[], namespace: string) {
  const matches = (selector: Selector | undefined, labels: Readonly<Record<string, string>>): boolean =>
    Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);

  const isPeer = (peer: Peer, place: Place): boolean => {
    if (peer.ipBlock) return !isPod(place) && covers(peer.ipBlock.cidr, place.outside);
    if (!isPod(place)) return false;
    const inNamespace = peer.namespaceSelector
      ? matches(peer.namespaceSelector, { 'kubernetes.io/metadata.name': place.namespace })
      : place.namespace === namespace;
    return inNamespace && matches(peer.podSelector, place.labels);
  };

  const allows = (direction: 'Ingress' | 'Egress', pod: Place, other: Place, port: number, target: Place): boolean => {
    if (!isPod(pod) || pod.namespace !== namespace) return true;
    const applying = policies.filter(
      ({ spec }) => spec.policyTypes.includes(direction) && matches(spec.podSelector, pod.labels),
    );
    if (applying.length === 0) return true;
    return applying.some(({ spec }) =>
      ((direction === 'Ingress' ? spec.ingress : spec.egress) ?? []).some((rule: Rule) => {
        const peers = direction === 'Ingress' ? rule.from : rule.to;
        const named = isPod(target) ? target.ports : undefined;
        const portFits = (rule.ports ?? [{}]).some(
          (entry) => entry.port === undefined || entry.port === port || named?.[String(entry.port)] === port,
        );
        return portFits && (peers === undefined || peers.length === 0 || peers.some((peer) => isPeer(peer, other)));
      }),
    );
  };

  return (from: Place, to: Place, port: number): boolean =>
    allows('Egress', from, to, port, to) && allows('Ingress', to, from, port, to);
}

/** Enough for the blocks that are rendered: everything, or one address. */
const covers = (cidr: string, address: string): boolean => cidr === '0.0.0.0/0' || cidr === `${address}/32`;
