// Starts and stops the control plane, whole or one component of it, by the scripts of control-plane/.
import { spawn } from 'node:child_process';
import path from 'node:path';

export type Component = 'etcd' | 'apiserver' | 'controller-manager' | 'scheduler' | 'kwok';

/** Starts what does not run; ready when it returns. Throws what up.sh said. */
export const startControlPlane = (bin: string, run: string): Promise<void> =>
  script('up.sh', [], { BIN: bin, RUN: run });

/** Without a component: all of them. Returns when they have ended. */
export const stopControlPlane = (run: string, ...components: Component[]): Promise<void> =>
  script('down.sh', components, { RUN: run });

function script(name: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(path.join(import.meta.dirname, 'control-plane', name), [...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.on('error', reject);
    // Not `close`: the components hold no pipe of this, but a late line of theirs must not hold us.
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${name} failed:\n${said}`))));
  });
}
