// config.example.yaml loads, and shows every key that there is.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { configJsonSchema } from '../../src/config/describe-config.ts';
import { resolveConfig } from '../../src/config/load-config.ts';
import { TEST_ENVIRONMENT } from '../support/test-config.ts';

const text = readFileSync(path.join(import.meta.dirname, '..', '..', 'config.example.yaml'), 'utf8');

it('loads', () => {
  const { config } = resolveConfig(text, { ...TEST_ENVIRONMENT, OIDC_CLIENT_SECRET_GRAFANA: 'x' }, [
    'course-profiles',
    'moodle-sync',
    'idle-culler',
  ]);
  expect(config.rules.map((rule) => rule.id)).toEqual(['gpu', 'data-science', 'thesis', 'trial']);
});

it('shows every key', () => {
  const shown = new Set<string>();
  collectKeys(parse(text), '', shown);
  const missing = [...keysOf(configJsonSchema() as Record<string, unknown>, '')].filter((key) => !shown.has(key));
  expect(missing).toEqual([]);
});

/** Names of map entries are left out: `profiles.*.title`. */
function collectKeys(value: unknown, at: string, into: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) collectKeys(item, `${at}[]`, into);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, child] of Object.entries(value)) {
      const key = ['pools', 'profiles'].includes(at) ? `${at}.*` : `${at}${at && '.'}${name}`;
      into.add(key);
      collectKeys(child, key, into);
    }
  }
}

function* keysOf(schema: Record<string, unknown>, at: string): Generator<string> {
  const children = (key: string): Record<string, unknown>[] =>
    (schema[key] as Record<string, unknown>[] | undefined) ?? [];
  for (const part of [...children('anyOf'), ...children('oneOf')]) yield* keysOf(part, at);
  for (const [name, child] of Object.entries(
    (schema['properties'] as Record<string, Record<string, unknown>> | undefined) ?? {},
  )) {
    const key = `${at}${at && '.'}${name}`;
    yield key;
    yield* keysOf(child, key);
  }
  if (schema['items']) yield* keysOf(schema['items'] as Record<string, unknown>, `${at}[]`);
  const values = schema['additionalProperties'];
  if (['pools', 'profiles'].includes(at) && typeof values === 'object' && values !== null)
    yield* keysOf(values as Record<string, unknown>, `${at}.*`);
}
