// The audit trail: who did what to whom, append-only.
import type { Db } from './database.ts';

export interface AuditEntry {
  /** `person:<id>`, `operator:<hub username>`, `service:<name>` or `command-line`. */
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  /** Plain facts; never a secret. */
  readonly detail: Readonly<Record<string, unknown>>;
}

export async function recordAudit(db: Db, entry: AuditEntry): Promise<void> {
  await db
    .insertInto('audit')
    .values({ actor: entry.actor, action: entry.action, subject: entry.subject, detail: JSON.stringify(entry.detail) })
    .execute();
}
