// Readiness of every service: PostgreSQL answers.
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { ReadinessCheck } from '../http/ops-app.ts';

export const databaseReadiness = (db: Db): ReadinessCheck => ({
  name: 'database',
  check: () =>
    sql`select 1`.execute(db).then(
      () => null,
      () => 'PostgreSQL does not answer',
    ),
});
