// Puts people, courses and enrolments straight into the database, for tests that are not about the sync.
import type { Db } from '../../src/database/database.ts';
import type { CourseRole } from '../../src/domain/courses/course-role.ts';

export interface SeedPerson {
  readonly hubUsername: string;
  readonly suspended?: boolean;
  readonly fullName?: string;
}

export interface SeedEnrolment {
  readonly role?: CourseRole | null;
  readonly active?: boolean;
  readonly groups?: readonly string[];
}

export interface Roster {
  readonly person: (person: SeedPerson) => Promise<string>;
  readonly course: (
    shortname: string,
    options?: { readonly visible?: boolean; readonly fullname?: string },
  ) => Promise<string>;
  readonly enrol: (personId: string, courseId: string, enrolment?: SeedEnrolment) => Promise<string>;
}

/** Ids are ours, as strings. */
export async function seedRoster(db: Db, issuer = 'https://moodle.test'): Promise<Roster> {
  const platform = await db
    .insertInto('platform')
    .values({ issuer })
    .onConflict((conflict) => conflict.column('issuer').doUpdateSet({ issuer }))
    .returning('id')
    .executeTakeFirstOrThrow();
  const observed_at = new Date();
  let moodleId = 1000;
  return {
    async person({ hubUsername, suspended = false, fullName = `${hubUsername} Test` }) {
      moodleId += 1;
      const values = {
        platform_id: platform.id,
        moodle_id: String(moodleId),
        hub_username: hubUsername,
        moodle_username: hubUsername,
        full_name: fullName,
        email: `${hubUsername}@uni.test`,
        lang: 'en',
        suspended,
        deleted: false,
        observed_at,
      };
      return (await db.insertInto('person').values(values).returning('id').executeTakeFirstOrThrow()).id;
    },
    async course(shortname, { visible = true, fullname = `Course ${shortname}` } = {}) {
      moodleId += 1;
      const values = {
        platform_id: platform.id,
        moodle_id: String(moodleId),
        shortname,
        fullname,
        idnumber: '',
        category_id: '1',
        visible,
        observed_at,
      };
      return (await db.insertInto('course').values(values).returning('id').executeTakeFirstOrThrow()).id;
    },
    async enrol(personId, courseId, { role = 'student', active = true, groups = [] } = {}) {
      const enrolment = await db
        .insertInto('enrolment')
        .values({
          person_id: personId,
          course_id: courseId,
          role,
          role_shortnames: role ? [role] : [],
          active,
          observed_at,
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      for (const name of groups) {
        moodleId += 1;
        const group = await db
          .insertInto('course_group')
          .values({ course_id: courseId, moodle_id: String(moodleId), name, observed_at })
          .returning('id')
          .executeTakeFirstOrThrow();
        await db
          .insertInto('enrolment_group')
          .values({ enrolment_id: enrolment.id, course_group_id: group.id })
          .execute();
      }
      return enrolment.id;
    },
  };
}
