// Carries TCP connections from one address to another: what an Ingress is to the cluster from outside.
import net from 'node:net';

export interface Forward {
  readonly stop: () => Promise<void>;
}

/** @param to asked for each connection: a Service may get another address. */
export function startForward(
  from: { readonly host: string; readonly port: number },
  to: () => { readonly host: string; readonly port: number },
): Promise<Forward> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((incoming) => {
    const outgoing = net.connect(to());
    for (const [socket, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => sockets.delete(socket));
      socket.pipe(other);
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(from.port, from.host, () =>
      resolve({
        stop: () =>
          new Promise((done) => {
            server.close(() => done());
            for (const socket of sockets) socket.destroy();
          }),
      }),
    );
  });
}
