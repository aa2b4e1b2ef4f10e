// What Moodle said, in the words of the product: courses, accounts, rosters, before they are compared with what is stored.
import type { MoodleCourseId, MoodleGroupId, MoodleUserId } from '../ids.ts';

export interface ObservedCourse {
  readonly moodleId: MoodleCourseId;
  readonly shortname: string;
  readonly fullname: string;
  /** null: the service account may not read it (moodle.md 2.3); what is stored then stays. */
  readonly idnumber: string | null;
  readonly categoryId: string;
  readonly visible: boolean;
  readonly startsAt: Date | null;
  readonly endsAt: Date | null;
}

export interface ObservedAccount {
  readonly moodleId: MoodleUserId;
  readonly username: string;
  readonly fullName: string;
  readonly email: string;
  readonly lang: string;
  readonly suspended: boolean;
  /** Moodle mangles the names of a deleted account (moodle.md 2.4): only this flag may be taken over. */
  readonly deleted: boolean;
}

export interface RosterGroup {
  readonly moodleId: MoodleGroupId;
  readonly name: string;
}

export interface ObservedMember {
  readonly moodleId: MoodleUserId;
  readonly roleShortnames: readonly string[];
  /** False for suspended, ended and not yet begun enrolments alike (moodle.md 2.5). */
  readonly active: boolean;
  readonly groupIds: readonly MoodleGroupId[];
}

/** Everybody who is enrolled in one course, and its groups. */
export interface ObservedRoster {
  readonly groups: readonly RosterGroup[];
  readonly members: readonly ObservedMember[];
}
