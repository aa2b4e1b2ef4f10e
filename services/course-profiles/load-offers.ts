// Loads what admission decides on, for all of a person's course profiles at once: four queries, whatever their number.
import type { Config } from '../../src/config/config.ts';
import { countOpenSessions, type OpenCounts } from '../../src/database/admissions.ts';
import type { Db } from '../../src/database/database.ts';
import { findEnrolments, findPersonByHubUsername, type KnownPerson } from '../../src/database/enrolments.ts';
import type { AdmissionFacts } from '../../src/domain/admission/admission.ts';
import { decideAdmission } from '../../src/domain/admission/decide-admission.ts';
import type { Enrolment } from '../../src/domain/courses/course.ts';
import type { DecidedOffer } from '../../src/domain/profiles/arrange-form.ts';
import { matchCourseProfiles } from '../../src/domain/profiles/match-course-profiles.ts';
import type { CourseProfile } from '../../src/domain/profiles/profile.ts';

export interface PersonalOffers {
  readonly person: KnownPerson | null;
  readonly decided: readonly DecidedOffer[];
  /** GPUs of open sessions by pool, without the server that a start replaces. */
  readonly poolGpus: ReadonlyMap<string, number>;
  /** Decides on one course profile id, which may be anybody's or nobody's. */
  readonly decide: (requested: string) => ReturnType<typeof decideAdmission>;
}

interface OfferedProfile {
  readonly enrolment: Enrolment;
  readonly courseProfile: CourseProfile;
}

const NOTHING_IN_USE: OpenCounts = { personSessions: new Map(), courseSessions: new Map(), poolGpus: new Map() };

/** @param db a transaction when the answer shall bind. */
export async function loadOffers(
  db: Db,
  config: Config,
  now: Date,
  user: string,
  serverName: string,
): Promise<PersonalOffers> {
  const person = await findPersonByHubUsername(db, user);
  const enrolments = person ? await findEnrolments(db, person.id) : [];
  const offered = enrolments.flatMap((enrolment) =>
    matchCourseProfiles(config.rules, enrolment.course).map(
      (courseProfile): OfferedProfile => ({ enrolment, courseProfile }),
    ),
  );
  const ids = offered.map(({ courseProfile }) => courseProfile.id);
  const counts = person ? await countOpenSessions(db, person.id, person.hubUsername, serverName, ids) : NOTHING_IN_USE;
  const factsFor = (requested: string, offer: OfferedProfile | undefined): AdmissionFacts => ({
    now,
    timeZone: config.site.timeZone,
    contact: config.site.contact,
    person,
    requested,
    courseProfile: offer?.courseProfile ?? null,
    enrolment: offer?.enrolment ?? null,
    pool: config.pools.find((pool) => pool.name === offer?.courseProfile.profile.gpu?.pool) ?? null,
    inUse: {
      personSessions: counts.personSessions.get(requested) ?? 0,
      courseSessions: counts.courseSessions.get(requested) ?? 0,
      poolGpus: counts.poolGpus.get(offer?.courseProfile.profile.gpu?.pool ?? '') ?? 0,
    },
  });
  const decide = (requested: string): ReturnType<typeof decideAdmission> =>
    decideAdmission(
      factsFor(
        requested,
        offered.find(({ courseProfile }) => courseProfile.id === requested),
      ),
    );
  const decided = offered.map((offer) => ({ ...offer, decision: decide(offer.courseProfile.id) }));
  return { person, decided, poolGpus: counts.poolGpus, decide };
}
