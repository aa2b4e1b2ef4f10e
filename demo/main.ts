// The demo: a whole campus on this machine to look at, or (--check) played through without a person.
import { parseArgs } from 'node:util';
import { type Campus, startCampus } from './campus.ts';
import { CHECKING, WATCHING } from './campus-config.ts';
import { playScenario } from './check.ts';
import { watchServers } from './gpu-farm.ts';
import { printWelcome } from './welcome.ts';

const USAGE = 'usage: npm run demo [-- --check]';
const startedAt = performance.now();
const say = (line: string): void =>
  console.error(`[${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s] ${line}`);

const { check, help } = readArguments();
if (help) {
  console.log(USAGE);
  process.exit(0);
}

let campus: Campus | null = null;
let ending = false;
const start = new AbortController();
/** A check that somebody broke off has not passed. */
const INTERRUPTED = check ? 130 : 0;
async function end(code: number): Promise<never> {
  ending = true;
  if (campus) {
    say('ending everything');
    await campus.stop();
  }
  process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (ending) return;
    if (campus) void end(INTERRUPTED);
    else {
      // The start ends what it has begun, then rejects.
      ending = true;
      say('ending everything');
      start.abort();
    }
  });
}

try {
  campus = await startCampus(check ? CHECKING : WATCHING, say, start.signal);
  if (start.signal.aborted) await end(INTERRUPTED);
  say('ready');
  if (check) await end((await playScenario(campus, say)) === 0 ? 0 : 1);
  watchServers(campus);
  printWelcome(campus);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const fault = campus.fault();
    if (fault && !ending) {
      console.error(fault);
      await end(1);
    }
  }
} catch (error) {
  if (start.signal.aborted) process.exit(INTERRUPTED);
  if (!ending) {
    console.error(error instanceof Error ? error.message : error);
    await end(1);
  }
}

function readArguments(): { readonly check: boolean; readonly help: boolean } {
  try {
    const { values } = parseArgs({
      options: { check: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    });
    return { check: values.check, help: values.help };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(2);
  }
}
