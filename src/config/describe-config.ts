// Makes the reference of the config file out of its schema: a table row per key, and the JSON schema for editors.
import { z } from 'zod';
import { configSchema } from './config-schema.ts';

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** JSON schema (draft 7) of the config file as people write it. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' });
}

/** Markdown: one table per top-level section. */
export function describeConfig(): string {
  const schema = configJsonSchema() as JsonSchema;
  const sections = Object.entries(schema.properties ?? {}).map(([name, section]) => {
    const rows = [row(name, section, schema.required?.includes(name) ?? false), ...rowsBelow(name, section)];
    return `## ${name}\n\n| key | type | default | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return sections.join('\n');
}

function rowsBelow(path: string, schema: JsonSchema): string[] {
  const alternatives = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((part) => rowsBelow(path, part));
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const childPath = `${path}.${name}`;
    return [row(childPath, child, schema.required?.includes(name) ?? false), ...rowsBelow(childPath, child)];
  });
  const items = schema.items ? rowsBelow(`${path}[]`, schema.items) : [];
  const values =
    typeof schema.additionalProperties === 'object' ? rowsBelow(`${path}.<name>`, schema.additionalProperties) : [];
  return [...new Set([...own, ...items, ...values, ...alternatives])];
}

function row(path: string, schema: JsonSchema, required: boolean): string {
  const byDefault = schema.default === undefined ? (required ? '*required*' : '') : `\`${shown(schema.default)}\``;
  return `| \`${path}\` | ${typeOf(schema)} | ${byDefault} | ${cell(schema.description ?? '')} |`;
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  const alternatives = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (alternatives.length > 0) return [...new Set(alternatives.map(typeOf))].join(' or ');
  if (schema.title === 'duration') return 'duration';
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'anything'}`;
  if (schema.type === 'object') return typeof schema.additionalProperties === 'object' ? 'map' : 'section';
  if (schema.type === 'string') return 'text';
  return String(schema.type ?? 'anything');
}

const shown = (value: unknown): string => cell(typeof value === 'string' ? value : JSON.stringify(value));
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
