// CPU seconds of processes and of the machine, as Linux counts them (proc(5): /proc/<pid>/stat, /proc/stat).
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in ticks of 1/100 s (USER_HZ) on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

interface ProcessTicks {
  readonly parent: number;
  readonly own: number;
  /** Its own, and of children that have ended and were waited for. */
  readonly ticks: number;
}

/** CPU seconds since their start of the processes and of the children they have now or had. Throws when one has ended. */
export function cpuSecondsOf(pids: readonly number[]): number {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && !pids.includes(Number(name)))
    .map((name) => readTicks(Number(name)))
    .filter((process) => process !== null && pids.includes(process.parent));
  const all = [...pids.map((pid) => readTicks(pid) ?? ended(pid)), ...children];
  return all.reduce((sum, process) => sum + (process?.ticks ?? 0), 0) / TICKS_PER_SECOND;
}

/** CPU seconds of every process that is alive here: in the namespace of netns.sh, of what the bench has started, and of the bench itself. */
export function cpuSecondsOfAll(): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.reduce((sum, pid) => sum + (readTicks(Number(pid))?.own ?? 0), 0) / TICKS_PER_SECOND;
}

/** CPU seconds since boot that all CPUs of the machine were busy, for whomever. */
export function machineBusySeconds(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] = (
    readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? ''
  )
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softIrq + steal) / TICKS_PER_SECOND;
}

function readTicks(pid: number): ProcessTicks | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The second field is the command in parentheses and may hold anything: counted from behind it, field 3 is the first.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  const own = field(14) + field(15);
  return { parent: field(4), own, ticks: own + field(16) + field(17) };
}

function ended(pid: number): never {
  throw new Error(`process ${pid} has ended while it was measured`);
}
