// A command that cannot be carried out: a sentence for the operator and the exit code.
import { parseArgs } from 'node:util';

export class CommandFault extends Error {
  /** 2: called wrongly. 1: called rightly, but it cannot be done. */
  readonly exitCode: 1 | 2;
  constructor(exitCode: 1 | 2, sentence: string) {
    super(sentence);
    this.name = 'CommandFault';
    this.exitCode = exitCode;
  }
}

export interface ParsedArguments {
  readonly values: Readonly<Record<string, string | undefined>>;
  readonly positionals: readonly string[];
}

/** @param flags names of the flags, each with a value. Throws a CommandFault that names the unknown one. */
export function parseArguments(args: readonly string[], flags: readonly string[]): ParsedArguments {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: Object.fromEntries(flags.map((flag) => [flag, { type: 'string' as const }])),
    });
    return { values: values as Record<string, string | undefined>, positionals };
  } catch (error) {
    const sentence = error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error);
    throw new CommandFault(2, `${sentence}: see npm run admin -- help`);
  }
}
