// Gives every GPU server of the demo a (simulated) card as soon as the hub shows the server.
import type { Campus } from './campus.ts';

interface HubUser {
  readonly name: string;
  readonly servers: Readonly<Record<string, { readonly user_options?: { readonly course_profile?: string } }>>;
}

/** A new card is idle: what the demo wants to show. Cards that somebody has set already are left as they are. */
export function watchServers(campus: Campus): void {
  const known = new Set<string>();
  const look = async (): Promise<void> => {
    const response = await fetch(`http://127.0.0.1:${campus.addresses.ports.hubApi}/hub/api/users?state=active`, {
      headers: { Authorization: `token ${campus.secrets.hubApiToken}` },
    });
    if (!response.ok) return;
    for (const user of (await response.json()) as HubUser[]) {
      for (const [name, server] of Object.entries(user.servers)) {
        const pod = `${user.name}--${name}`;
        const [, rule] = /-(gpu|project)$/.exec(server.user_options?.course_profile ?? '') ?? [];
        if (known.has(pod) || rule === undefined) continue;
        known.add(pod);
        const cards = rule === 'project' ? 2 : 1;
        if (!campus.prometheus.gpus().some((gpu) => gpu.pod === pod))
          campus.prometheus.setGpu('local', pod, 'idle', cards);
      }
    }
  };
  setInterval(() => void look().catch(() => undefined), 2000).unref();
}
