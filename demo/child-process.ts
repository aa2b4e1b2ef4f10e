// Starts a program of the demo with its output in a file, and ends it and all that it started.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
}

export interface Child {
  readonly name: string;
  readonly logFile: string;
  /** 0 when it could not be started. */
  readonly pid: number;
  /** A sentence when it has ended, else null. */
  readonly ended: () => string | null;
  readonly stop: () => Promise<void>;
}

/** In a process group of its own: Ctrl-C reaches the demo alone, which then ends its parts in order. */
export function startChild(options: ChildOptions): Child {
  const log = openSync(options.logFile, 'a');
  const child = spawn(options.command, [...options.args], {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', log, log],
    detached: true,
  });
  let failure: string | null = null;
  child.on('error', (error) => {
    failure = `${options.name} cannot be started: ${error.message}`;
  });
  child.on('exit', (code, signal) => {
    failure ??= `${options.name} ended (${signal ?? `code ${code}`}); the end of ${options.logFile}:\n${lastLines(options.logFile, 15)}`;
  });
  const { name, logFile } = options;
  return { name, logFile, pid: child.pid ?? 0, ended: () => failure, stop: () => stopChild(child) };
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const patience = setTimeout(() => child.kill('SIGKILL'), 12_000);
    await exited;
    clearTimeout(patience);
  }
  try {
    // What it left behind in its group.
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nothing was left.
  }
}

function lastLines(file: string, count: number): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
}
