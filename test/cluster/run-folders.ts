// The folders that scripts/in-cluster.mjs names: of the binaries and of this run. For the suite (vitest) and the bench (plain Node) alike.

/** kubectl, helm and the control plane. */
export const binFolder = (): string => named('COURSEHUB_CLUSTER_BIN');
/** Logs, keys, admin.kubeconfig, claims and layers of pods. */
export const runFolder = (): string => named('COURSEHUB_CLUSTER_RUN');

function named(variable: string): string {
  const folder = process.env[variable];
  if (!folder)
    throw new Error(
      `${variable} is not set: start this by \`npm run test:cluster\` or \`npm run bench -- cluster\`, which give it namespaces of its own.`,
    );
  return folder;
}
