// Durations as people write them in the config: "45s", "30m", "4h", "7d".
import { z } from 'zod';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of "90s", "45m", "1h30m", "7d"; null when the text is not a duration. */
export function parseDurationSeconds(text: string): number | null {
  if (!/^(\d+(\.\d+)?[smhd])+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)([smhd])/g)) {
    total += Number(amount) * (SECONDS[unit as string] as number);
  }
  return total;
}

/** A duration in the config; resolves to seconds. */
export const duration = z
  .string({ error: 'must be a duration with its unit, for example 90s, 45m, 4h or 1h30m' })
  .transform((text, context) => {
    const seconds = parseDurationSeconds(text);
    if (seconds === null) {
      context.addIssue({
        code: 'custom',
        message: `"${text}" is not a duration; write for example "90s", "45m", "4h" or "1h30m"`,
      });
      return z.NEVER;
    }
    return seconds;
  })
  .meta({ title: 'duration', description: 'A duration such as "90s", "45m", "4h" or "1h30m".' });

/** A duration that cannot be "0s": of timers and limits. */
export const positiveDuration = duration
  .refine((seconds) => seconds > 0, 'must be longer than 0')
  .meta({
    title: 'duration',
    description: 'A duration such as "90s", "45m", "4h" or "1h30m".',
  });
