// The chart's generated parts: the glue's copy, its digest in values.yaml, and the reference of the values out of the comments in values.yaml.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(path.join(root, name), 'utf8');

export const glueCopy = (): string => read('hub/coursehub_hub.py');

/** values.yaml with the digest of what the hub mounts: the hub's pod is replaced when it changes (integration.md 2.1). */
export function chartValues(): string {
  const digest = createHash('sha256')
    .update(glueCopy())
    .update(read('charts/coursehub/files/50-coursehub.py'))
    .digest('hex');
  return read('charts/coursehub/values.yaml').replace(
    /^( *coursehub\.dev\/glue:) .*$/m,
    (_line, key: string) => `${key} ${digest.slice(0, 16)}`,
  );
}

/** Markdown: one table per top-level key. Throws when a value has no comment. */
export function describeValues(): string {
  const sections = new Map<string, string[]>();
  const parents: { readonly indent: number; readonly key: string }[] = [];
  let comment: string[] = [];
  let listIndent: number | null = null; // inside a list there is nothing to describe
  for (const line of chartValues().split('\n')) {
    const remark = /^ *# ?(.*)$/.exec(line);
    if (remark) {
      comment.push(remark[1] ?? '');
      continue;
    }
    const start = line.search(/\S/);
    if (listIndent !== null && (start < listIndent || (start === listIndent && line[start] !== '-')) && start >= 0)
      listIndent = null;
    if (line[start] === '-') listIndent ??= start;
    const entry = listIndent !== null ? null : /^( *)([A-Za-z][\w./-]*):(?: (.*))?$/.exec(line);
    if (entry) {
      const indent = (entry[1] ?? '').length;
      while ((parents.at(-1)?.indent ?? -1) >= indent) parents.pop();
      const keys = [...parents.map(({ key }) => key), entry[2] ?? ''];
      parents.push({ indent, key: entry[2] ?? '' });
      addRow(sections, keys, entry[3] ?? '', comment.join(' '));
    }
    comment = [];
  }
  return [...sections]
    .map(([name, rows]) => `## ${name}\n\n| value | default | meaning |\n|---|---|---|\n${rows.join('\n')}\n`)
    .join('\n');
}

function addRow(sections: Map<string, string[]>, keys: readonly string[], value: string, meaning: string): void {
  const name = keys.join('.');
  if (meaning === '') throw new Error(`charts/coursehub/values.yaml: ${name} has no comment`);
  const section = keys[0] ?? '';
  const shown = value === '' ? '' : `\`${value.replaceAll('|', '\\|')}\``;
  sections.set(section, [
    ...(sections.get(section) ?? []),
    `| \`${name}\` | ${shown} | ${meaning.replaceAll('|', '\\|')} |`,
  ]);
}
