// Amounts as Kubernetes and KubeSpawner write them: cpu "500m" or 2, memory "8G" or "512Mi".
import { z } from 'zod';

/** Cores of "500m", "2" or 2; null when the text is not a cpu quantity. */
export function parseCores(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(m?)$/.exec(text);
  if (!match) return null;
  return Number(match[1]) / (match[2] === 'm' ? 1000 : 1);
}

export const cores = z.union([z.number().positive(), z.string()]).transform((value, context) => {
  const parsed = typeof value === 'number' ? value : parseCores(value);
  if (parsed === null || parsed <= 0) {
    context.addIssue({
      code: 'custom',
      message: `"${value}" is not an amount of cpu; write for example 2, 0.5 or "500m"`,
    });
    return z.NEVER;
  }
  return parsed;
});

/** KubeSpawner reads K, M, G, T (powers of 1024); Kubernetes' Ki … Ti mean the same there. */
export const memory = z
  .string({ error: 'must be an amount of memory with its unit, for example 8G or 512Mi' })
  .transform((text, context) => {
    const match = /^(\d+(?:\.\d+)?)([KMGT])i?$/.exec(text);
    if (!match) {
      context.addIssue({
        code: 'custom',
        message: `"${text}" is not an amount of memory; write for example "8G" or "512Mi"`,
      });
      return z.NEVER;
    }
    return `${match[1]}${match[2]}`;
  });
