// Decides whether what Moodle said about an account can be believed: a token outlives suspension and deletion (moodle.md 1.9).
import { type MoodleUserId, moodleUserId } from '../ids.ts';

/** A person as Moodle described them at one sign-in. */
export interface MoodleAccount {
  readonly moodleId: MoodleUserId;
  readonly username: string;
  readonly fullName: string;
  readonly email: string;
  readonly lang: string;
}

export interface ClaimedAccount {
  readonly id: string;
  readonly username: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly lang: string;
}

export type AccountExamination =
  | { readonly outcome: 'believable'; readonly account: MoodleAccount }
  | {
      readonly outcome: 'doubtful';
      readonly reason: 'bad_id' | 'guest' | 'no_username' | 'no_email' | 'deleted_account';
    };

/** A deleted account keeps its id; its username becomes `<e-mail>.<unix time>` and its e-mail a hash without "@" (moodle.md 1.9). */
export function examineMoodleAccount(claimed: ClaimedAccount): AccountExamination {
  if (!/^[1-9][0-9]{0,17}$/.test(claimed.id)) return { outcome: 'doubtful', reason: 'bad_id' };
  if (claimed.username === '') return { outcome: 'doubtful', reason: 'no_username' };
  if (claimed.username === 'guest') return { outcome: 'doubtful', reason: 'guest' };
  if (/@.*\.[0-9]{10}$/.test(claimed.username)) return { outcome: 'doubtful', reason: 'deleted_account' };
  if (!claimed.email.includes('@'))
    return { outcome: 'doubtful', reason: /^[0-9a-f]{32}$/.test(claimed.email) ? 'deleted_account' : 'no_email' };
  return {
    outcome: 'believable',
    account: {
      moodleId: moodleUserId(claimed.id),
      username: claimed.username,
      fullName: `${claimed.firstName} ${claimed.lastName}`.trim(),
      email: claimed.email,
      lang: claimed.lang || 'en',
    },
  };
}
