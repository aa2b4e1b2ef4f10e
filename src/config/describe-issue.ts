// Says what is wrong with a key of the config file, in words that an operator reads.
import type { z } from 'zod';

/** One sentence per key at fault, with its path. */
export function describeIssue(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.join('.') || '(top level)';
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(
      (key) => `${[...issue.path, key].join('.')}: there is no such key; see docs/reference/config.md`,
    );
  if (issue.code === 'invalid_type' && issue.input === undefined) return [`${path}: is missing`];
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input'))
    return [`${path}: must be ${nameOfType(issue.expected)}, and is ${nameOfValue(issue.input)}`];
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid option'))
    return [`${path}: must be one of ${issue.values.map(String).join(', ')}`];
  return [`${path}: ${issue.message}`];
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  array: 'a list',
  object: 'a section with keys',
  record: 'a section with keys',
};
const nameOfType = (type: string): string => TYPE_NAMES[type] ?? type;

function nameOfValue(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return nameOfType(typeof value);
}
