// A port that the system gives: for processes that cannot be told to take any free one themselves.
import { createServer } from 'node:net';

/** The preferred port when it is free, else any. Between the question and the use another process may take it: callers retry or fail loudly. */
export async function freePort(preferred = 0, host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => {
      if (preferred === 0) reject(error);
      else resolve(freePort(0, host));
    });
    probe.listen(preferred, host, () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
