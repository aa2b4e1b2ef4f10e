// Decides in SQL whether an observation may replace what is stored (design 3, Sync: an older observation never overwrites a newer).
import { type RawBuilder, sql } from 'kysely';

/**
 * True when `column` is older than the observation. A stored time that has not come yet was written before the database's clock was set back:
 * it counts as old, or nothing would be stored until that time comes again.
 * @param column of a table, e.g. `course.observed_at`; null gives null.
 * @param observedAt database time before the counterpart was asked.
 */
export const isOlderThan = (column: string, observedAt: Date): RawBuilder<boolean> =>
  sql<boolean>`(${sql.ref(column)} < ${observedAt}::timestamptz or ${sql.ref(column)} > clock_timestamp())`;
