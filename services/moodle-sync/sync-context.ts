// What every flow of moodle-sync works with.
import type { Config } from '../../src/config/config.ts';
import type { Db } from '../../src/database/database.ts';
import type { MoodleWebService } from '../../src/moodle/web-service.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import type { SyncMetrics } from './sync-metrics.ts';

export interface SyncContext {
  readonly config: Config;
  readonly db: Db;
  readonly moodle: MoodleWebService;
  readonly logger: Logger;
  readonly metrics: SyncMetrics;
  /** Id of the Moodle site; its row is made at the first use. */
  readonly platformId: () => Promise<string>;
}
