// The addresses of the demo campus: three hosts of the loopback range, so that no cookie of one reaches another.
import { freePort } from '../src/runtime/free-port.ts';

export interface Addresses {
  /** Browsers resolve *.localhost to the loopback range by themselves (RFC 6761 6.3). */
  readonly hub: string;
  readonly bridge: string;
  readonly moodle: string;
  readonly prometheus: string;
  readonly ports: {
    readonly hub: number;
    readonly hubApi: number;
    readonly proxyApi: number;
    readonly bridge: number;
    readonly internal: number;
    readonly ops: number;
    readonly moodle: number;
    readonly prometheus: number;
  };
}

/** The usual ports when they are free, else others: two demos can run side by side. */
export async function findAddresses(): Promise<Addresses> {
  const ports = {
    hub: await freePort(8000),
    hubApi: await freePort(8001),
    proxyApi: await freePort(8002),
    bridge: await freePort(8010),
    internal: await freePort(8011),
    ops: await freePort(8012),
    moodle: await freePort(8020),
    prometheus: await freePort(8030),
  };
  return {
    hub: `http://hub.localhost:${ports.hub}`,
    bridge: `http://bridge.localhost:${ports.bridge}`,
    moodle: `http://127.0.0.1:${ports.moodle}`,
    prometheus: `http://127.0.0.1:${ports.prometheus}`,
    ports,
  };
}
