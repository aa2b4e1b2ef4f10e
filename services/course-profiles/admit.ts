// The binding admission: one transaction that decides, closes what ran before, and writes the session.
import type { Config } from '../../src/config/config.ts';
import { closeReplacedSession, findAdmission, insertSession, lockLimits } from '../../src/database/admissions.ts';
import { type Db, databaseNow, inTransaction } from '../../src/database/database.ts';
import type { Admission, AdmissionDecision } from '../../src/domain/admission/admission.ts';
import { type SpawnerSettings, toSpawnerSettings } from '../../src/domain/admission/to-spawner-settings.ts';
import { courseIdOf } from '../../src/domain/profiles/match-course-profiles.ts';
import type { Pool } from '../../src/domain/profiles/profile.ts';
import { toSessionSnapshot } from '../../src/domain/profiles/session-snapshot.ts';
import { Problem } from '../../src/http/problem.ts';
import { loadOffers, type PersonalOffers } from './load-offers.ts';

export interface AdmissionRequest {
  readonly requestId: string;
  readonly user: string;
  readonly serverName: string;
  readonly requested: string;
  readonly placement: { readonly namespace: string; readonly pod: string };
}

export type AdmissionOutcome =
  | { readonly decision: Exclude<AdmissionDecision, Admission>; readonly session: null }
  | {
      readonly decision: Admission;
      readonly session: { readonly id: string; readonly settings: SpawnerSettings; readonly repeated: boolean };
    };

/**
 * Idempotent by request id: a repeated call gives the session of the first.
 * Limits hold under any number of parallel calls and replicas (lockLimits); nothing is written when the answer is no.
 */
export async function admit(db: Db, config: Config, request: AdmissionRequest): Promise<AdmissionOutcome> {
  return inTransaction(db, async (trx) => {
    await lockLimits(trx, limitsOf(config, request));
    const earlier = await findAdmission(trx, request.requestId);
    // Read after the locks: what others were admitted to meanwhile is visible now (a new snapshot per statement).
    const now = await databaseNow(trx);
    const offers = await loadOffers(trx, config, now, request.user, request.serverName);
    const decision = offers.decide(request.requested);
    if (decision.decision === 'deny' || !offers.person)
      return { decision: decision as Exclude<AdmissionDecision, Admission>, session: null };
    if (earlier) {
      const same =
        earlier.open &&
        earlier.hubUsername === offers.person.hubUsername &&
        earlier.serverName === request.serverName &&
        earlier.courseProfileId === request.requested;
      if (!same)
        throw new Problem(
          409,
          'request_id_used',
          'This request id belongs to another admission, or to one that has ended: use a new one for each start.',
        );
      return {
        decision,
        session: { id: earlier.sessionId, settings: settingsOf(config, decision, earlier.sessionId), repeated: true },
      };
    }
    await closeReplacedSession(trx, offers.person.hubUsername, request.serverName);
    const id = await insertSession(trx, toNewSession(config, request, offers.person, decision, now));
    return { decision, session: { id, settings: settingsOf(config, decision, id), repeated: false } };
  });
}

/** The person (two starts of one person), and the course profile and pool where they have a limit. Known before anything is read. */
function limitsOf(config: Config, request: AdmissionRequest): string[] {
  const courseId = courseIdOf(request.requested);
  const rule =
    courseId === null
      ? undefined
      : config.rules.find((candidate) => request.requested === `${courseId}-${candidate.id}`);
  const pool = config.pools.find((candidate) => candidate.name === rule?.profile.gpu?.pool);
  return [
    `person:${request.user.toLowerCase()}`,
    ...(rule && rule.maxSessionsPerCourse !== null ? [`course-profile:${request.requested}`] : []),
    ...(pool && pool.capacity !== null ? [`pool:${pool.name}`] : []),
  ];
}

const poolOf = (config: Config, decision: Admission): Pool | null =>
  config.pools.find((pool) => pool.name === decision.courseProfile.profile.gpu?.pool) ?? null;

const settingsOf = (config: Config, decision: Admission, sessionId: string): SpawnerSettings =>
  toSpawnerSettings({
    courseProfile: decision.courseProfile,
    course: decision.course,
    pool: poolOf(config, decision),
    sessionId,
  });

function toNewSession(
  config: Config,
  request: AdmissionRequest,
  person: NonNullable<PersonalOffers['person']>,
  decision: Admission,
  now: Date,
): Parameters<typeof insertSession>[1] {
  const { courseProfile, course } = decision;
  const { gpu, startTimeoutSeconds } = courseProfile.profile;
  return {
    requestId: request.requestId,
    personId: person.id,
    hubUsername: person.hubUsername,
    serverName: request.serverName,
    courseId: course.id,
    courseProfileId: courseProfile.id,
    snapshot: toSessionSnapshot(courseProfile, course),
    pool: gpu?.pool ?? null,
    gpuResource: poolOf(config, decision)?.resource ?? null,
    gpuCount: gpu?.count ?? 0,
    gpuWeight: gpu?.weight ?? 1,
    namespace: request.placement.namespace,
    pod: request.placement.pod,
    admissionExpiresAt: new Date(now.getTime() + (config.culler.admissionLifetimeSeconds + startTimeoutSeconds) * 1000),
    mustEndAt: decision.endsAt,
  };
}
