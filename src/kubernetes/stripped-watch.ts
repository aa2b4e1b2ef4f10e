// The library's watch, with three things added: objects are stripped before they are kept, bookmarks, and when it is open.
import { type KubeConfig, type KubernetesObject, Watch } from '@kubernetes/client-node';
import { z } from 'zod';

/**
 * The server ends a watch after this time, with a bookmark before: the next one starts from there, and a permission that was taken away is noticed.
 * Less than the 30 s of silence after which the library takes a connection for dead.
 */
const WATCH_SECONDS = 25;

export interface StripOptions<Kept extends KubernetesObject> {
  /** `gone`: shall not be kept any more. `unreadable`: as if nothing had been sent. */
  readonly read: (item: unknown) => Kept | 'gone' | 'unreadable';
  /** The server accepted the watch: what is kept is up to date from here on. */
  readonly onOpen: () => void;
  readonly onClose: () => void;
}

const identity = z.object({
  metadata: z.object({
    name: z.string().optional(),
    namespace: z.string().optional(),
    resourceVersion: z.string(),
  }),
});

type Parameters = Record<string, string | number | boolean | undefined>;
type OnEvent = (phase: string, object: unknown) => void;

export class StrippedWatch<Kept extends KubernetesObject> extends Watch {
  readonly #options: StripOptions<Kept>;
  constructor(config: KubeConfig, options: StripOptions<Kept>) {
    super(config);
    this.#options = options;
  }

  override async watch(
    path: string,
    parameters: Parameters,
    onEvent: OnEvent,
    onDone: (error: unknown) => void,
  ): Promise<AbortController> {
    let done = false;
    let opened = false;
    const finish = (error: unknown): void => {
      done = true;
      this.#options.onClose();
      // The library takes every timeout for a quiet watch and says nothing: one that was never answered is a fault.
      onDone(!opened && isTimeout(error) ? new Error('no answer in time') : error);
    };
    const query = { ...parameters, allowWatchBookmarks: true, timeoutSeconds: WATCH_SECONDS };
    try {
      const controller = await super.watch(path, query, (phase, object) => this.#pass(phase, object, onEvent), finish);
      opened = !done;
      if (opened) this.#options.onOpen();
      return controller;
    } catch (error) {
      // E.g. a token file that is gone: the library would leave an unhandled rejection.
      finish(error);
      return new AbortController();
    }
  }

  #pass(phase: string, object: unknown, onEvent: OnEvent): void {
    if (phase === 'ERROR') {
      onEvent(phase, object);
      return;
    }
    const known = identity.safeParse(object);
    if (!known.success) return;
    const kept = phase === 'ADDED' || phase === 'MODIFIED' ? this.#options.read(object) : 'gone';
    // Whatever it was, its version is where the next watch starts: a bookmark says no more than that.
    if (phase === 'BOOKMARK' || kept === 'unreadable') onEvent('BOOKMARK', known.data);
    else if (kept === 'gone') onEvent('DELETED', known.data);
    else onEvent(phase, kept);
  }
}

const isTimeout = (error: unknown): boolean => error instanceof DOMException && error.name === 'TimeoutError';
