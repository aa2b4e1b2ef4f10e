// The kubectl and helm of the run, as the administrator.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { binFolder, runFolder } from './run-folders.ts';

export interface KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

export const adminKubeconfig = (): string => path.join(runFolder(), 'admin.kubeconfig');

/** Output of a command of the run's folder of binaries; throws with what it said on standard error. */
function call(command: 'kubectl' | 'helm', args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, KUBECONFIG: adminKubeconfig(), ...helmFolders() };
    const child = spawn(path.join(binFolder(), command), [...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    let [out, said] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(out) : reject(new Error(`${command} ${args.join(' ')} failed (${code}): ${said}${out}`)),
    );
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });
}

/** Helm keeps caches in the home folder unless it is told another place. */
const helmFolders = (): Record<string, string> => {
  const folder = path.join(runFolder(), 'helm');
  return { HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder };
};

export const kubectl = (...args: string[]): Promise<string> => call('kubectl', args);
export const helm = (...args: string[]): Promise<string> => call('helm', args);
export const apply = (manifest: string, ...args: string[]): Promise<string> =>
  call('kubectl', ['apply', '-f', '-', ...args], manifest);
export const helmWithInput = (input: string, ...args: string[]): Promise<string> => call('helm', args, input);

/** Objects of a kind, e.g. list<Pod>('pods', '-n', 'hub', '-l', 'component=hub'). */
export async function list<T extends KubeObject>(kind: string, ...args: string[]): Promise<T[]> {
  return (JSON.parse(await kubectl('get', kind, '-o', 'json', ...args)) as { items: T[] }).items;
}

export async function get<T extends KubeObject>(kind: string, name: string, namespace: string): Promise<T> {
  return JSON.parse(await kubectl('get', kind, name, '-n', namespace, '-o', 'json')) as T;
}
