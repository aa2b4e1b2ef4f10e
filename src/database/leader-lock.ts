// Leadership of a timer: a session-level advisory lock on a connection of its own (design 2).
import pg from 'pg';

export interface LeaderLock {
  /** True while this process leads: tries to take the lock when it does not hold it, and proves the connection when it does. */
  isLeader(): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * @param url a DIRECT connection: behind a proxy that pools by transaction the lock would belong to nobody.
 * @param name names the lock; replicas of one service give the same.
 */
export function createLeaderLock(url: string, name: string): LeaderLock {
  let client: pg.Client | null = null;
  let held = false;
  let asking: Promise<boolean> | null = null;

  const drop = async (): Promise<void> => {
    const old = client;
    client = null;
    held = false;
    await old?.end().catch(() => undefined);
  };

  const connect = async (): Promise<pg.Client> => {
    const fresh = new pg.Client({
      connectionString: url,
      application_name: `coursehub ${name} lock`,
      connectionTimeoutMillis: 5_000,
      statement_timeout: 5_000,
      // On our side too: a server that vanished from the network answers nothing, and PostgreSQL gives the lock to another process.
      query_timeout: 6_000,
      keepAlive: true,
    });
    fresh.on('error', () => {
      if (client === fresh) void drop();
    });
    await fresh.connect();
    client = fresh;
    return fresh;
  };

  const ask = async (): Promise<boolean> => {
    try {
      const connection = client ?? (await connect());
      if (held) {
        await connection.query('select 1');
        return held;
      }
      const answer = await connection.query<{ locked: boolean }>(
        'select pg_try_advisory_lock(hashtextextended($1, 0)) as locked',
        [`coursehub:${name}`],
      );
      held = answer.rows[0]?.locked ?? false;
      return held;
    } catch {
      await drop();
      return false;
    }
  };

  return {
    // Who asks together gets one answer: two first questions would open two connections, and one of them would keep the lock unseen.
    isLeader() {
      asking ??= ask().finally(() => {
        asking = null;
      });
      return asking;
    },
    async release() {
      await drop();
      // Whoever asks right now may be connecting.
      await asking;
      await drop();
    },
  };
}

/**
 * A proxy that pools by transaction hands every statement another server process: session locks and LISTEN would be lost.
 * @returns a sentence for the operator, or null when the connection is direct.
 */
export async function findPoolingFault(url: string): Promise<string | null> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    // A setting made for the session must still be there in the next transactions.
    await client.query(`select set_config('coursehub.probe', 'set', false)`);
    for (let turn = 0; turn < 3; turn += 1) {
      const answer = await client.query<{ probe: string | null }>(
        `select current_setting('coursehub.probe', true) as probe`,
      );
      if (answer.rows[0]?.probe !== 'set') {
        return 'DATABASE_URL leads through a proxy that pools by transaction; coursehub needs a direct connection or session pooling (locks and LISTEN would be lost).';
      }
    }
    return null;
  } finally {
    await client.end();
  }
}
