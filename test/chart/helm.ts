// Renders the chart with the real helm and the stand-in for z2jh, and gives the objects.
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';

const root = path.resolve(import.meta.dirname, '..', '..');
const build = path.join(root, 'test', 'cluster', 'control-plane', 'build.sh');

export interface KubernetesObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: manifests of every kind; each test reads what it knows.
  readonly [field: string]: any;
}

/** helm of the cluster suite's cache, else the machine's. null: there is none, which only CI treats as a fault. */
export function findHelm(): string | null {
  const built = path.join(execFileSync('bash', [build, '--where'], { encoding: 'utf8' }).trim(), 'helm');
  if (existsSync(built)) return built;
  try {
    return execFileSync('bash', ['-c', 'command -v helm'], { encoding: 'utf8' }).trim();
  } catch {
    if (process.env['CI'] === 'true') throw new Error(`no helm: run ${path.relative(root, build)} first`);
    process.stderr.write(`chart tests are skipped, there is no helm: ${path.relative(root, build)} builds one\n`);
    return null;
  }
}

export interface Chart {
  /** The objects of a release. Rejects with what helm says. */
  readonly render: (values: object, options?: RenderOptions) => Promise<readonly KubernetesObject[]>;
  readonly folder: string;
  readonly remove: () => void;
}

export interface RenderOptions {
  readonly release?: string;
  readonly namespace?: string;
}

/** A copy of the chart with the stand-in in charts/: the real one cannot be fetched in tests. */
export function openChart(helm: string): Chart {
  const folder = mkdtempSync(path.join(tmpdir(), 'coursehub-chart-'));
  const chart = path.join(folder, 'coursehub');
  cpSync(path.join(root, 'charts', 'coursehub'), chart, { recursive: true });
  mkdirSync(path.join(chart, 'charts'), { recursive: true });
  cpSync(path.join(import.meta.dirname, 'jupyterhub-stub'), path.join(chart, 'charts', 'jupyterhub'), {
    recursive: true,
  });
  let count = 0;
  return {
    folder: chart,
    remove: () => rmSync(folder, { recursive: true, force: true }),
    render(values, { release = 'camp', namespace = 'campus' } = {}) {
      count += 1;
      const file = path.join(folder, `values-${count}.json`);
      writeFileSync(file, JSON.stringify(values));
      const args = ['template', release, chart, '--namespace', namespace, '--kube-version', '1.35.4', '-f', file];
      return new Promise((resolve, reject) => {
        execFile(helm, args, { maxBuffer: 50_000_000 }, (error, out, err) => {
          if (error) reject(new Error(err));
          else
            resolve(parseAllDocuments(out).flatMap((document) => (document.toJS() as KubernetesObject | null) ?? []));
        });
      });
    },
  };
}

export function find(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (!found) throw new Error(`no ${kind} ${name} was rendered`);
  return found;
}

export interface PodTemplate {
  readonly owner: string;
  readonly kind: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly spec: any;
}

/** Every pod that the objects would make. */
export function podTemplates(objects: readonly KubernetesObject[]): readonly PodTemplate[] {
  return objects.flatMap((object) => {
    const template =
      object.kind === 'Pod' ? object : (object['spec']?.jobTemplate?.spec?.template ?? object['spec']?.template);
    if (!template?.spec?.containers) return [];
    const { labels = {}, annotations = {} } = template.metadata ?? {};
    return [{ owner: object.metadata.name, kind: object.kind, labels, annotations, spec: template.spec }];
  });
}
