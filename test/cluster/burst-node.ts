// A fake node for a whole class: 250 pods without a process, whose addresses are local here (netns.sh), so that one listener answers for all of them.
import http from 'node:http';
import { apply, kubectl } from './kubectl.ts';

export interface BurstNode {
  readonly remove: () => Promise<void>;
}

/** Node selector `pool: burst`, 250 slices `nvidia.com/mig-1g.10gb`; every pod of it answers port 8888 once it runs. */
export async function addBurstNode(): Promise<BurstNode> {
  await apply(MANIFEST);
  await kubectl('wait', '--for=condition=Ready', 'node/burst-1', '--timeout=30s');
  const answering = http.createServer((_request, response) => response.end('{}'));
  await new Promise<void>((resolve, reject) => {
    answering.once('error', reject);
    answering.listen(8888, '0.0.0.0', resolve);
  });
  return {
    async remove() {
      answering.close();
      await kubectl('delete', 'node', 'burst-1', '--ignore-not-found');
    },
  };
}

const MANIFEST = `
apiVersion: v1
kind: Node
metadata:
  name: burst-1
  annotations: { kwok.x-k8s.io/node: fake }
  labels: { kubernetes.io/hostname: burst-1, kubernetes.io/os: linux, pool: burst }
spec: { podCIDR: 10.244.250.0/24, podCIDRs: [10.244.250.0/24] }
status:
  allocatable: &all { cpu: '1000', memory: 4Ti, pods: '250', ephemeral-storage: 4Ti, nvidia.com/mig-1g.10gb: '250' }
  capacity: *all
`;
