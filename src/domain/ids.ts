// The branded identifiers of the product: a person's id can never be passed where a course's is meant.

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Our own id of a person (decimal digits). */
export type PersonId = Branded<'PersonId'>;
/** Our own id of a course (decimal digits). */
export type CourseId = Branded<'CourseId'>;
/** Our own id of a course group (decimal digits). */
export type CourseGroupId = Branded<'CourseGroupId'>;
/** `<course id>-<rule id>`: fits a URL, a Kubernetes label and a form value. */
export type CourseProfileId = Branded<'CourseProfileId'>;
/** UUID of a session, the ledger's row. */
export type SessionId = Branded<'SessionId'>;
/** Name of a person at JupyterHub; never changes, never given to another. */
export type HubUsername = Branded<'HubUsername'>;
/** Moodle's user id as a decimal string (= LTI `sub` = local_oauth `id`, moodle.md 1.3). */
export type MoodleUserId = Branded<'MoodleUserId'>;
/** Moodle's course id as a decimal string. */
export type MoodleCourseId = Branded<'MoodleCourseId'>;
/** Moodle's group id as a decimal string. */
export type MoodleGroupId = Branded<'MoodleGroupId'>;

export const personId = (value: string | number): PersonId => String(value) as PersonId;
export const courseId = (value: string | number): CourseId => String(value) as CourseId;
export const courseGroupId = (value: string | number): CourseGroupId => String(value) as CourseGroupId;
export const courseProfileId = (value: string): CourseProfileId => value as CourseProfileId;
export const sessionId = (value: string): SessionId => value as SessionId;
export const hubUsername = (value: string): HubUsername => value as HubUsername;
export const moodleUserId = (value: string | number): MoodleUserId => String(value) as MoodleUserId;
export const moodleCourseId = (value: string | number): MoodleCourseId => String(value) as MoodleCourseId;
export const moodleGroupId = (value: string | number): MoodleGroupId => String(value) as MoodleGroupId;
