// Hears NOTIFY on a connection of its own, and comes back when that breaks (design 2: LISTEN needs a direct connection).
import pg from 'pg';

export interface Listener {
  readonly stop: () => Promise<void>;
}

const RETRY_MILLISECONDS = 2_000;

/**
 * A notification is only a hint to look now: what was missed while the connection was away is found by the timer.
 * @param channel a plain identifier.
 */
export function startListener(
  url: string,
  channel: string,
  onNotification: () => void,
  onError: (error: Error) => void,
): Listener {
  if (!/^[a-z_]+$/.test(channel)) throw new Error(`"${channel}" is not a channel name`);
  let client: pg.Client | null = null;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const connect = async (): Promise<void> => {
    const fresh = new pg.Client({
      connectionString: url,
      application_name: `coursehub listen ${channel}`,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    let over = false;
    const retry = (error: Error): void => {
      if (over || stopped) return;
      over = true;
      onError(error);
      void fresh.end().catch(() => undefined);
      timer = setTimeout(begin, RETRY_MILLISECONDS);
    };
    fresh.on('error', retry);
    fresh.on('end', () => retry(new Error('the connection for notifications was closed')));
    fresh.on('notification', onNotification);
    client = fresh;
    try {
      await fresh.connect();
      await fresh.query(`listen ${channel}`);
      if (stopped) await fresh.end();
      // What was asked for while nobody listened.
      else onNotification();
    } catch (error) {
      retry(error instanceof Error ? error : new Error(String(error)));
    }
  };
  let connecting: Promise<void> = Promise.resolve();
  const begin = (): void => {
    connecting = connect();
  };
  begin();

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await connecting;
      await client?.end().catch(() => undefined);
    },
  };
}
