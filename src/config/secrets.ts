// Secrets come from the environment: X, or X_FILE naming a file (a mounted Secret).
import { readFileSync } from 'node:fs';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Value of X or content of X_FILE, trimmed; a fault sentence when neither or both are set. */
export function readSecret(env: Environment, name: string): { readonly value: string } | { readonly fault: string } {
  const direct = env[name];
  const file = env[`${name}_FILE`];
  if (direct && file) return { fault: `both ${name} and ${name}_FILE are set: keep one` };
  if (direct) return { value: direct.trim() };
  if (!file) return { fault: `${name} is missing: set it, or ${name}_FILE to a file that holds it` };
  try {
    const value = readFileSync(file, 'utf8').trim();
    return value === '' ? { fault: `the file that ${name}_FILE names is empty` } : { value };
  } catch (error) {
    return {
      fault: `the file that ${name}_FILE names cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'error'}`,
    };
  }
}

/** `oauth-bridge` -> `OAUTH_BRIDGE`, the way names become parts of variable names. */
export const variablePart = (name: string): string => name.toUpperCase().replaceAll('-', '_');
