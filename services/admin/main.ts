// The operator's command line: npm run admin -- <command>. One file per command.
import { CommandFault } from './command-fault.ts';
import { HELP } from './help.ts';
import { runKeys } from './keys.ts';
import { runLoginLink } from './login-link.ts';
import { runMigrate } from './migrate.ts';
import { runProbe } from './probe.ts';

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<string> | string>> = {
  help: () => HELP,
  '--help': () => HELP,
  'login-link': (args) => runLoginLink(args, process.env),
  keys: runKeys,
  migrate: (args) => runMigrate(args, process.env),
  probe: (args) => runProbe(args, process.env),
};

async function main(argv: readonly string[]): Promise<number> {
  const [name = '', ...args] = argv;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    process.stderr.write(
      `${name === '' ? 'No command is given' : `There is no command "${name}"`}: see npm run admin -- help\n`,
    );
    return 2;
  }
  try {
    process.stdout.write(`${await command(args)}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof CommandFault ? error.exitCode : 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
