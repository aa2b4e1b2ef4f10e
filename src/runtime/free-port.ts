// A port that is free: for processes that cannot be told to take any free one themselves.
import { createServer } from 'node:net';

/** Below the range from which systems give ports to `listen(0)` and to outgoing connections: between the question and the use nobody else is sent here. */
const RANGE = { from: 20_000, to: 32_000 } as const;
const TRIES = 50;

/** The preferred port when it is free, else a random free one of the range. Throws when none is found. */
export async function freePort(preferred = 0, host = '127.0.0.1'): Promise<number> {
  if (preferred !== 0 && (await isFree(preferred, host))) return preferred;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const port = RANGE.from + Math.floor(Math.random() * (RANGE.to - RANGE.from));
    if (await isFree(port, host)) return port;
  }
  throw new Error(`no free port was found on ${host} between ${RANGE.from} and ${RANGE.to}`);
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}
