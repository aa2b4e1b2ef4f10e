// Lists a resource page by page: never more than a page of Kubernetes' large objects is in memory.
import type { KubeConfig, KubernetesListObject, KubernetesObject } from '@kubernetes/client-node';
import type { AxiosInstance, AxiosRequestConfig } from 'axios';
import { faultOfError, faultOfStatus, type Watched, WatchFault } from './watch-fault.ts';
import { listSchema, statusSchema } from './wire.ts';

/** 50 pods are 300 to 500 KB of JSON: larger pages make the heap grow for good. */
const PAGE_SIZE = 50;

export interface ListQuery {
  readonly config: KubeConfig;
  readonly client: AxiosInstance;
  readonly path: string;
  readonly selectors: Readonly<Record<string, string>>;
  readonly watched: Watched;
}

/**
 * @param read gives null for what shall not be kept.
 * @throws WatchFault with a sentence.
 */
export async function listObjects<Kept extends KubernetesObject>(
  query: ListQuery,
  read: (item: unknown) => Kept | null,
): Promise<KubernetesListObject<Kept>> {
  try {
    return await allPages(query, read);
  } catch (error) {
    // The snapshot that the pages come from expired on the way: once more from the start.
    if (error instanceof WatchFault && error.status === 410) return allPages(query, read);
    throw error;
  }
}

async function allPages<Kept extends KubernetesObject>(
  query: ListQuery,
  read: (item: unknown) => Kept | null,
): Promise<KubernetesListObject<Kept>> {
  const items: Kept[] = [];
  let next = '';
  for (;;) {
    const page = await onePage(query, next);
    for (const item of page.items ?? []) {
      const kept = read(item);
      if (kept) items.push(kept);
    }
    next = page.metadata.continue ?? '';
    if (next === '') return { metadata: { resourceVersion: page.metadata.resourceVersion }, items };
  }
}

async function onePage({ config, client, path, selectors, watched }: ListQuery, next: string) {
  const { status, text } = await get(config, client, path, {
    ...selectors,
    limit: String(PAGE_SIZE),
    ...(next === '' ? {} : { continue: next }),
  }).catch((error: unknown) => {
    throw faultOfError(watched, error);
  });
  const body = parseJson(text);
  if (status !== 200) throw faultOfStatus(watched, 'list', status, statusSchema.safeParse(body).data?.message ?? '');
  const page = listSchema.safeParse(body);
  if (!page.success)
    throw new WatchFault(
      'unreadable',
      `Kubernetes' list of ${watched.resource} is not as expected: ${page.error.issues[0]?.message}`,
    );
  return page.data;
}

/** The path ends up below the cluster's address, which may have a path of its own (a proxy). */
async function get(
  config: KubeConfig,
  client: AxiosInstance,
  path: string,
  parameters: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly text: string }> {
  const options: { agent?: unknown; headers?: Record<string, string> } = {};
  await config.applyToHTTPSOptions(options as Parameters<KubeConfig['applyToHTTPSOptions']>[0]);
  const request: AxiosRequestConfig = {
    headers: { ...options.headers, Accept: 'application/json' },
    params: parameters,
    httpAgent: options.agent,
    httpsAgent: options.agent,
  };
  const response = await client.get<string>(path, request);
  return { status: response.status, text: response.data };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
