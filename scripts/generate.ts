// Writes the generated files; with --check it only compares, and says which are out of date.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { configJsonSchema, describeConfig } from '../src/config/describe-config.ts';
import { chartValues, describeValues, glueCopy } from './chart-files.ts';
import { chartValuesSchema } from './chart-values-schema.ts';
import { describeMetrics } from './describe-metrics.ts';

const root = path.resolve(import.meta.dirname, '..');
const NOTE = 'This page is generated (`npm run generate`).';

const files: Readonly<Record<string, () => Promise<string>>> = {
  'docs/reference/config.md': async () =>
    `# Configuration\n\n${NOTE} One YAML file; unknown keys refuse the start. Secrets come from the environment: see [security](../explanation/security.md). A complete example: \`config.example.yaml\`.\n\n${describeConfig()}`,
  'docs/reference/config.schema.json': async () => `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
  'docs/reference/metrics.md': async () =>
    `# Metrics\n\n${NOTE} Every process serves them on its ops port at \`/metrics\`, with Node's own process metrics. Label sets are closed and hold no names of people.\n\n${await describeMetrics()}`,
  'charts/coursehub/files/coursehub_hub.py': async () => glueCopy(),
  'charts/coursehub/values.yaml': async () => chartValues(),
  'charts/coursehub/values.schema.json': async () => `${JSON.stringify(chartValuesSchema(), null, 2)}\n`,
  'docs/reference/values.md': async () =>
    `# Values of the Helm chart\n\n${NOTE} What is below \`config\` is the [configuration](config.md), less what the chart knows itself. What is below \`jupyterhub\` are values of Zero to JupyterHub: only those that coursehub sets are listed here.\n\n${describeValues()}`,
};

const check = process.argv.includes('--check');
const stale: string[] = [];
for (const [name, make] of Object.entries(files)) {
  const file = path.join(root, name);
  const wanted = await make();
  if (existsSync(file) && readFileSync(file, 'utf8') === wanted) continue;
  if (check) stale.push(name);
  else {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, wanted);
    console.log(`wrote ${name}`);
  }
}
if (stale.length > 0) {
  console.error(`out of date: ${stale.join(', ')}; run "npm run generate" and commit the result`);
  process.exitCode = 1;
}
