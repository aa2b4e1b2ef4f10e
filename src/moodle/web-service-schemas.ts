// What Moodle's functions answer, as far as it is used, and its translation into the product's words. Unknown fields are dropped: some are secrets (moodle.md 2.2, 2.6).
import { z } from 'zod';
import { type MoodleCourseId, type MoodleUserId, moodleCourseId, moodleGroupId, moodleUserId } from '../domain/ids.ts';
import type { ObservedAccount, ObservedCourse } from '../domain/sync/observed.ts';

const id = z.union([z.int().positive(), z.string().regex(/^[1-9]\d{0,18}$/)]).transform(String);
/** PostgreSQL stores neither NUL nor half of a surrogate pair. */
const text = z.string().transform((value) => value.toWellFormed().replaceAll('\0', ''));
/** Unix seconds, 0 = none; what no calendar holds counts as none. */
const time = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
  .transform((seconds) => (seconds > 0 && seconds < 8_640_000_000_000 ? new Date(seconds * 1000) : null));
const flag = z.union([z.boolean(), z.int()]).transform(Boolean);

export const siteInfo = z
  .object({
    siteurl: z.string(),
    release: z.string().default(''),
    userid: id,
    functions: z.array(z.object({ name: z.string() })),
  })
  .transform((info) => ({
    wwwroot: info.siteurl.replace(/\/+$/, ''),
    release: info.release,
    serviceUserId: moodleUserId(info.userid),
    functions: new Set(info.functions.map((entry) => entry.name)),
  }));
export type SiteInfo = z.output<typeof siteInfo>;

/** A course in a list, with what helps to judge the list. */
export interface ListedCourse extends ObservedCourse {
  /** False: Moodle names the course, but the account cannot go in (no `visible` field, moodle.md 2.3). */
  readonly accessible: boolean;
  /** Somebody without moodle/site:accessallgroups sees nobody there (moodle.md 2.9). */
  readonly separateGroups: boolean;
  /** Teachers, whom everybody may see. */
  readonly contactIds: readonly MoodleUserId[];
}

export const coursesByField = z
  .object({
    courses: z.array(
      z.object({
        id,
        shortname: text,
        fullname: text,
        idnumber: text.optional(),
        categoryid: z.coerce.string().default(''),
        visible: flag.optional(),
        startdate: time.optional(),
        enddate: time.optional(),
        groupmode: z.coerce.number().default(0),
        contacts: z.array(z.object({ id })).default([]),
      }),
    ),
  })
  .transform((answer) =>
    answer.courses.map(
      (course): ListedCourse => ({
        moodleId: moodleCourseId(course.id),
        shortname: course.shortname,
        fullname: course.fullname,
        idnumber: course.idnumber ?? null,
        categoryId: course.categoryid,
        visible: course.visible ?? true,
        startsAt: course.startdate ?? null,
        endsAt: course.enddate ?? null,
        accessible: course.visible !== undefined,
        separateGroups: course.groupmode === 1,
        contactIds: course.contacts.map((contact) => moodleUserId(contact.id)),
      }),
    ),
  );

export const courseIds = z
  .array(z.object({ id }))
  .transform((courses) => courses.map((course) => moodleCourseId(course.id)));

/** A course that somebody is actively enrolled in. */
export interface PersonalCourse {
  readonly course: ObservedCourse;
  /** Everybody who is enrolled, active or not; null when Moodle did not say. */
  readonly enrolledCount: number | null;
}

export const usersCourses = z
  .array(
    z.object({
      id,
      shortname: text,
      fullname: text,
      idnumber: text.default(''),
      category: z.coerce.string().default(''),
      visible: flag.default(true),
      startdate: time.nullish(),
      enddate: time.nullish(),
      enrolledusercount: z.int().nullish(),
    }),
  )
  .transform((courses) =>
    courses.map(
      (course): PersonalCourse => ({
        course: {
          moodleId: moodleCourseId(course.id),
          shortname: course.shortname,
          fullname: course.fullname,
          idnumber: course.idnumber,
          categoryId: course.category,
          visible: course.visible,
          startsAt: course.startdate ?? null,
          endsAt: course.enddate ?? null,
        },
        enrolledCount: course.enrolledusercount ?? null,
      }),
    ),
  );

export const enrolledUsers = z
  .array(
    z.object({
      id,
      roles: z.array(z.object({ shortname: text })).default([]),
      groups: z.array(z.object({ id, name: text })).default([]),
    }),
  )
  .transform((users) =>
    users.map((user) => ({
      moodleId: moodleUserId(user.id),
      roleShortnames: user.roles.map((role) => role.shortname),
      groups: user.groups.map((group) => ({ moodleId: moodleGroupId(group.id), name: group.name })),
    })),
  );
export type EnrolledUser = z.output<typeof enrolledUsers>[number];

export const courseGroups = z
  .array(z.object({ id, name: text }))
  .transform((groups) => groups.map((group) => ({ moodleId: moodleGroupId(group.id), name: group.name })));

/** An account as Moodle showed it; null fields were not shown: a capability is missing (moodle.md 2.9). */
export interface ShownAccount extends Omit<ObservedAccount, 'username' | 'email'> {
  readonly username: string | null;
  readonly email: string | null;
}

export const usersByField = z
  .array(
    z.object({
      id,
      username: text.optional(),
      fullname: text.default(''),
      email: text.optional(),
      lang: text.default('en'),
      suspended: flag.default(false),
    }),
  )
  .transform((users) =>
    users.map(
      (user): ShownAccount => ({
        moodleId: moodleUserId(user.id),
        username: user.username ?? null,
        fullName: user.fullname,
        email: user.email ?? null,
        lang: user.lang,
        suspended: user.suspended,
        // field=id returns deleted accounts without a flag, their e-mail is a hash (moodle.md 2.4).
        deleted: Boolean(user.email) && !user.email?.includes('@'),
      }),
    ),
  );

/** Moodle's front page: a course that lists every person of the site (moodle.md 2.5). */
export const SITE_COURSE_ID: MoodleCourseId = moodleCourseId(1);
