// Reads accounts in batches, each person once: names, e-mail and suspension come from here and from no roster.
import { type AccountChanges, findStoredIds, storeAccounts } from '../../src/database/accounts.ts';
import { databaseNow } from '../../src/database/database.ts';
import type { MoodleUserId } from '../../src/domain/ids.ts';
import { findHiddenFields } from '../../src/moodle/check-service-account.ts';
import { HIDDEN_FIELDS, MoodleError } from '../../src/moodle/moodle-error.ts';
import { MAX_IDS_PER_CALL } from '../../src/moodle/web-service.ts';
import type { ShownAccount } from '../../src/moodle/web-service-schemas.ts';
import type { SyncContext } from './sync-context.ts';

export interface AccountReader {
  /**
   * Asks Moodle for those that this reader has not asked for yet, and stores them.
   * @returns those of whom nothing is stored and Moodle shows nothing: they cannot be enrolled here.
   */
  readonly require: (ids: readonly MoodleUserId[]) => Promise<ReadonlySet<MoodleUserId>>;
}

/**
 * @param onlyUnknown people who are stored already are not asked for: a refresh of one person need not ask for a whole course.
 * @param onChanges gets what each batch changed.
 */
export function createAccountReader(
  context: SyncContext,
  onlyUnknown: boolean,
  onChanges: (changes: AccountChanges) => void,
): AccountReader {
  const asked = new Map<MoodleUserId, Promise<void>>();
  const unknown = new Set<MoodleUserId>();
  return {
    async require(ids) {
      const stored = onlyUnknown
        ? await findStoredIds(context.db, await context.platformId(), ids)
        : new Set<MoodleUserId>();
      const wanted = ids.filter((id) => !asked.has(id) && !stored.has(id));
      for (let start = 0; start < wanted.length; start += MAX_IDS_PER_CALL) {
        const batch = wanted.slice(start, start + MAX_IDS_PER_CALL);
        const reading = readBatch(context, batch, unknown, onChanges);
        for (const id of batch) asked.set(id, reading);
        await reading;
      }
      // Another course may have asked for some of them a moment ago.
      await Promise.all(new Set(ids.flatMap((id) => asked.get(id) ?? [])));
      return new Set(ids.filter((id) => unknown.has(id)));
    },
  };
}

async function readBatch(
  context: SyncContext,
  batch: readonly MoodleUserId[],
  unknown: Set<MoodleUserId>,
  onChanges: (changes: AccountChanges) => void,
): Promise<void> {
  const platformId = await context.platformId();
  const observedAt = await databaseNow(context.db);
  const shown = await context.moodle.getAccounts(batch);
  refuseHidden(batch, shown);
  const accounts = shown.map((account) => ({
    ...account,
    username: account.username ?? '',
    email: account.email ?? '',
  }));
  onChanges(await storeAccounts(context.db, platformId, accounts, observedAt));
  if (accounts.filter((account) => !account.deleted).length === batch.length) return;
  const stored = await findStoredIds(context.db, platformId, batch);
  for (const id of batch) if (!stored.has(id)) unknown.add(id);
}

/** A missing capability must not empty what is stored. */
function refuseHidden(batch: readonly MoodleUserId[], shown: readonly ShownAccount[]): void {
  const faults = findHiddenFields(shown.filter((account) => !account.deleted));
  if (shown.length === 0 && batch.length > 1)
    faults.push(
      `Moodle shows none of ${batch.length} people: allow moodle/user:viewdetails in the service account's role at system level.`,
    );
  if (faults.length > 0)
    throw new MoodleError('refused', 'core_user_get_users_by_field', faults.join(' '), HIDDEN_FIELDS);
}
