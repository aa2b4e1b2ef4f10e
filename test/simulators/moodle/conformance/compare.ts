// Comparing a live answer with a recorded one: wwwroot and random values are normalised, shortened lists are compared as far as they go.
import { readFileSync } from 'node:fs';

export const RECORDED_WWWROOT = 'http://127.0.0.1:8090';

export const capture = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../captures/${name}.json`, import.meta.url), 'utf8')) as T;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The recorder kept the first six items of long lists and wrote the rest as this sentence. */
const SHORTENED = /^\.\.\. (\d+) items total$/;

function compareLists(actual: unknown[], recorded: unknown[], path: string, omitted: (path: string) => boolean) {
  const last = recorded.at(-1);
  const total = typeof last === 'string' ? SHORTENED.exec(last)?.[1] : undefined;
  const shown = total === undefined ? recorded : recorded.slice(0, -1);
  const length = total === undefined ? recorded.length : Number(total);
  const wrongLength =
    actual.length === length || omitted(`${path}length`)
      ? []
      : [`${path}length: recorded ${length}, answered ${actual.length}`];
  return [
    ...wrongLength,
    ...shown.flatMap((item, index) => differences(actual[index], item, `${path}${index}.`, omitted)),
  ];
}

/** Sentences about every value that differs; keys must be the same and, as JSON shows them, in the same order. */
export function differences(
  actual: unknown,
  recorded: unknown,
  path: string,
  omitted: (path: string) => boolean,
): string[] {
  if (omitted(path.replace(/\.$/, ''))) return [];
  if (Array.isArray(recorded))
    return Array.isArray(actual) ? compareLists(actual, recorded, path, omitted) : [`${path} is not a list`];
  if (isObject(recorded)) {
    if (!isObject(actual)) return [`${path} is not an object`];
    const keys = Object.keys(recorded).join();
    const wrongKeys =
      Object.keys(actual).join() === keys ? [] : [`${path} keys: recorded ${keys}, answered ${Object.keys(actual)}`];
    return [
      ...wrongKeys,
      ...Object.keys(recorded).flatMap((key) => differences(actual[key], recorded[key], `${path}${key}.`, omitted)),
    ];
  }
  return Object.is(actual, recorded)
    ? []
    : [`${path} recorded ${JSON.stringify(recorded)}, answered ${JSON.stringify(actual)}`];
}

/** The recorder's `urlencode`d text; captures hold numbers and strings. */
export function formBody(form: Record<string, unknown> | [string, string][]): string {
  const pairs = Array.isArray(form) ? form : Object.entries(form).map(([name, value]) => [name, String(value)]);
  return new URLSearchParams(pairs as [string, string][]).toString();
}

export const titleOf = (html: string): string => /<title>(.*?)<\/title>/s.exec(html)?.[1]?.trim() ?? '';

/** Codes and tokens of the plugin are 40 hex digits; form tokens and session ids never appear in what is compared. */
export const withoutSecrets = (text: string): string => text.replaceAll(/\b[0-9a-f]{40}\b/g, '<40 hex>');
