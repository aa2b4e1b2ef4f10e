// One informer: a list that follows the apiserver, starts again after every fault, and says whether it can be trusted now.
import { setTimeout as delay } from 'node:timers/promises';
import { type KubeConfig, type KubernetesObject, ListWatch } from '@kubernetes/client-node';
import type { AxiosInstance } from 'axios';
import type { Logger } from '../telemetry/logger.ts';
import type { KubernetesMetrics } from './kubernetes-metrics.ts';
import { listObjects } from './list-objects.ts';
import { StrippedWatch } from './stripped-watch.ts';
import { faultOfError, type Watched, type WatchFault } from './watch-fault.ts';

/** A list whose watch broke is believed this long: a new connection usually takes milliseconds. */
const TRUSTED_MILLISECONDS = 5_000;
const FIRST_RETRY_MILLISECONDS = 250;
const LONGEST_RETRY_MILLISECONDS = 5_000;
/** The library waits up to 30 s between watches that bring nothing; the form's number may be 2 s old. */
const LONGEST_PAUSE_MILLISECONDS = 1_000;

export interface WatchedList<Value> {
  /** null: never read, or not followed for some seconds. */
  readonly values: () => readonly Value[] | null;
  /** null once it was read; then a later fault shows in log, metric and `values` only. */
  readonly missing: () => string | null;
  readonly stop: () => Promise<void>;
}

export interface WatchedListOptions<Value> {
  readonly config: KubeConfig;
  readonly client: AxiosInstance;
  readonly watched: Watched;
  readonly path: string;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** null: not worth keeping. Throws for an object that is not as Kubernetes documents it. */
  readonly read: (item: unknown) => Value | null;
  readonly logger: Logger;
  readonly metrics: KubernetesMetrics;
}

interface Kept<Value> extends KubernetesObject {
  readonly value: Value;
}

interface ListState {
  synced: boolean;
  /** performance.now() of the moment since when it is not followed; null: it is. */
  brokenAt: number | null;
  fault: WatchFault | null;
  retryMilliseconds: number;
  stopped: boolean;
}

/** Starts to follow at once, in the background. */
export function followList<Value>(options: WatchedListOptions<Value>): WatchedList<Value> {
  const { watched, metrics } = options;
  const state: ListState = {
    synced: false,
    brokenAt: performance.now(),
    fault: null,
    retryMilliseconds: FIRST_RETRY_MILLISECONDS,
    stopped: false,
  };
  const informer = createInformer(options, state);
  let retry: NodeJS.Timeout | undefined;
  const start = (): void => {
    informer.start().catch(onFault);
  };
  const onFault = (error: unknown): void => {
    if (state.stopped) return;
    reportFault(options, state, faultOfError(watched, error));
    clearTimeout(retry);
    retry = setTimeout(start, state.retryMilliseconds * (0.75 + Math.random() / 2)).unref();
    state.retryMilliseconds = Math.min(state.retryMilliseconds * 2, LONGEST_RETRY_MILLISECONDS);
  };
  // Forms ask far more often than the cluster changes.
  let values: readonly Value[] | null = null;
  informer.on('change', () => {
    values = null;
  });
  const read = (): readonly Value[] => {
    values ??= informer.list().map(({ value }) => value);
    return values;
  };
  informer.on('error', onFault);
  start();
  const trusted = (): boolean =>
    state.synced && (state.brokenAt === null || performance.now() - state.brokenAt < TRUSTED_MILLISECONDS);
  return {
    values: () => (trusted() ? read() : null),
    missing: () => (state.synced ? null : (state.fault?.message ?? `${watched.resource} have not been read yet`)),
    async stop() {
      state.stopped = true;
      clearTimeout(retry);
      metrics.up.set({ list: watched.label }, 0);
      await informer.stop();
    },
  };
}

function createInformer<Value>(options: WatchedListOptions<Value>, state: ListState): ListWatch<Kept<Value>> {
  const { config, client, watched, path, labelSelector, fieldSelector, metrics, logger } = options;
  const read = createReader(options);
  const watch = new StrippedWatch<Kept<Value>>(config, {
    read,
    onOpen() {
      state.brokenAt = null;
      state.retryMilliseconds = FIRST_RETRY_MILLISECONDS;
      metrics.up.set({ list: watched.label }, 1);
      if (state.fault) logger.info({ list: watched.label }, 'Kubernetes can be seen again');
      state.fault = null;
    },
    onClose() {
      state.brokenAt ??= performance.now();
      metrics.up.set({ list: watched.label }, 0);
    },
  });
  const list = async () => {
    const found = await listObjects<Kept<Value>>(
      {
        config,
        client,
        path,
        watched,
        selectors: {
          ...(labelSelector === undefined ? {} : { labelSelector }),
          ...(fieldSelector === undefined ? {} : { fieldSelector }),
        },
      },
      (item) => {
        const kept = read(item);
        return typeof kept === 'string' ? null : kept;
      },
    );
    state.synced = true;
    metrics.lists.inc({ list: watched.label });
    return found;
  };
  const pause = async (milliseconds: number): Promise<void> => {
    await delay(Math.min(milliseconds, LONGEST_PAUSE_MILLISECONDS), undefined, { ref: false });
  };
  return new ListWatch(path, watch, list, false, labelSelector, fieldSelector, { delayFn: pause });
}

/** An object that cannot be read is left out and said once: the others count. */
function createReader<Value>({ read, watched, logger, metrics }: WatchedListOptions<Value>) {
  let said = false;
  return (item: unknown): Kept<Value> | 'gone' | 'unreadable' => {
    try {
      const value = read(item);
      if (value === null) return 'gone';
      const { name, namespace, resourceVersion } = (
        item as { metadata: Required<NonNullable<KubernetesObject['metadata']>> }
      ).metadata;
      return { metadata: { name, namespace, resourceVersion }, value };
    } catch (error) {
      metrics.faults.inc({ list: watched.label, fault: 'unreadable' });
      if (!said) logger.warn({ list: watched.label, err: error }, 'an object of Kubernetes cannot be read: left out');
      said = true;
      return 'unreadable';
    }
  };
}

/** Every fault is counted; only a new one is logged. */
function reportFault<Value>(
  { watched, logger, metrics }: WatchedListOptions<Value>,
  state: ListState,
  fault: WatchFault,
): void {
  metrics.faults.inc({ list: watched.label, fault: fault.kind });
  const isNew = state.fault?.message !== fault.message;
  state.fault = fault;
  if (!isNew) return;
  const fields = { list: watched.label, fault: fault.kind, cause: fault.message };
  if (fault.kind === 'unreachable') logger.warn(fields, 'Kubernetes cannot be seen');
  else logger.error(fields, 'Kubernetes cannot be seen');
}
