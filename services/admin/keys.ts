// keys new, keys rotate: the bridge's signing and cookie keys, as one JSON file.
import { readFileSync, writeFileSync } from 'node:fs';
import { type Keys, keysSchema } from '../../src/config/keys.ts';
import { CommandFault, parseArguments } from './command-fault.ts';
import { createKeys, rotateKeys } from './create-keys.ts';

/** @returns what is printed: the key file itself when no --out is given. */
export function runKeys(args: readonly string[]): string {
  const [action, ...rest] = args;
  if (action === 'new') return makeNew(rest);
  if (action === 'rotate') return rotate(rest);
  throw new CommandFault(2, 'keys: say "keys new" or "keys rotate"; see npm run admin -- help');
}

function makeNew(args: readonly string[]): string {
  const { values, positionals } = parseArguments(args, ['out']);
  refuseExtra('keys new', positionals);
  return deliver(createKeys(), values['out']);
}

function rotate(args: readonly string[]): string {
  const { values, positionals } = parseArguments(args, ['in', 'out']);
  refuseExtra('keys rotate', positionals);
  if (!values['in'] || !values['out'])
    throw new CommandFault(2, 'keys rotate: give --in FILE (the keys in use) and --out FILE (a new file)');
  return deliver(rotateKeys(readKeys(values['in'])), values['out']);
}

function readKeys(file: string): Keys {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFault(1, `${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`);
  }
  try {
    return keysSchema.parse(JSON.parse(text));
  } catch {
    // The cause would quote private keys.
    throw new CommandFault(1, `${file} is not a key file of "keys new"`);
  }
}

function deliver(keys: Keys, file: string | undefined): string {
  const text = JSON.stringify(keys, null, 2);
  if (file === undefined) return text;
  try {
    writeFileSync(file, `${text}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandFault(
      1,
      code === 'EEXIST'
        ? `${file} exists already and is not overwritten: choose another name`
        : `${file} cannot be written (${code ?? 'error'})`,
    );
  }
  return `${file} is written, readable by you only. Give it to the bridge as COURSEHUB_KEYS_FILE.`;
}

function refuseExtra(command: string, positionals: readonly string[]): void {
  if (positionals.length > 0)
    throw new CommandFault(2, `${command}: "${positionals[0]}" is too much; see npm run admin -- help`);
}
