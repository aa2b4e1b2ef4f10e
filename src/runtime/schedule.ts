// A timer that never overlaps itself: run now, then every so often, and at once when it is asked to.
import { withRequestId } from '../http/request-id.ts';

export interface Schedule {
  /** Runs the work soon, without waiting for the timer; while it runs, once more afterwards. */
  readonly trigger: () => void;
  /** No further run; resolves when the current one is over. */
  readonly stop: () => Promise<void>;
}

/**
 * @param everySeconds between the end of one run and the start of the next.
 * @param work must handle its own errors; `onError` gets what escapes.
 */
export function startSchedule(
  everySeconds: number,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): Schedule {
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> | null = null;
  let again = false;
  let stopped = false;

  const run = (): void => {
    if (stopped) return;
    if (current) {
      again = true;
      return;
    }
    clearTimeout(timer);
    current = withRequestId(work)
      .catch(onError)
      .finally(() => {
        current = null;
        if (stopped) return;
        if (again) {
          again = false;
          run();
        } else {
          // A tenth of jitter: replicas and services do not beat on their counterparts together.
          timer = setTimeout(run, everySeconds * 1000 * (0.95 + Math.random() * 0.1));
        }
      });
  };

  run();
  return {
    trigger: run,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await current;
    },
  };
}
