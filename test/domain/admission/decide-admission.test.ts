// Every check of admission at its boundary, and the order among them.
import { describe, expect, it } from 'vitest';
import type { AdmissionFacts } from '../../../src/domain/admission/admission.ts';
import { decideAdmission } from '../../../src/domain/admission/decide-admission.ts';
import { aCourse, aCourseProfile, anEnrolment, aPool, aProfile } from '../builders.ts';

const now = new Date('2026-11-24T12:00:00Z');
const minute = (count: number): Date => new Date(now.getTime() + count * 60_000);

const facts = (change: Partial<AdmissionFacts> = {}): AdmissionFacts => ({
  now,
  timeZone: 'Europe/Berlin',
  contact: 'help@uni.test',
  person: { suspended: false, deleted: false },
  requested: '12-gpu',
  courseProfile: aCourseProfile(),
  enrolment: anEnrolment(),
  pool: aPool(),
  inUse: { personSessions: 0, courseSessions: 0, poolGpus: 0 },
  ...change,
});

describe('decideAdmission', () => {
  it.each<[string, Partial<AdmissionFacts>]>([
    ['person_unknown', { person: null }],
    ['account_suspended', { person: { suspended: true, deleted: false } }],
    ['account_suspended', { person: { suspended: false, deleted: true } }],
    ['nothing_chosen', { requested: '', courseProfile: null, enrolment: null }],
    ['course_profile_unknown', { courseProfile: null, enrolment: null }],
    ['not_enrolled', { enrolment: null }],
    ['enrolment_inactive', { enrolment: anEnrolment({ active: false }) }],
    ['course_hidden', { enrolment: anEnrolment({ course: aCourse({ visible: false }) }) }],
    ['no_role', { enrolment: anEnrolment({ role: null }) }],
    ['other_role', { courseProfile: aCourseProfile({ audience: { roles: ['instructor'], groups: [] } }) }],
    ['other_group', { courseProfile: aCourseProfile({ audience: { roles: ['student'], groups: ['DL 2'] } }) }],
    ['not_open_yet', { courseProfile: aCourseProfile({ opensAt: minute(1) }) }],
    ['closed', { courseProfile: aCourseProfile({ closesAt: now }) }],
    [
      'person_limit',
      {
        courseProfile: aCourseProfile({ maxSessionsPerPerson: 1 }),
        inUse: { personSessions: 1, courseSessions: 1, poolGpus: 0 },
      },
    ],
    [
      'course_limit',
      {
        courseProfile: aCourseProfile({ maxSessionsPerCourse: 2 }),
        inUse: { personSessions: 0, courseSessions: 2, poolGpus: 0 },
      },
    ],
    ['pool_full', { pool: aPool({ capacity: 8 }), inUse: { personSessions: 0, courseSessions: 0, poolGpus: 8 } }],
    [
      'pool_full',
      {
        pool: aPool({ capacity: 8 }),
        courseProfile: aCourseProfile({ profile: aProfile({ gpu: { pool: 'gpu', count: 4, weight: 1 } }) }),
        inUse: { personSessions: 0, courseSessions: 0, poolGpus: 5 },
      },
    ],
  ])('denies %s with a sentence', (reason, change) => {
    const decision = decideAdmission(facts(change));
    expect(decision).toMatchObject({ decision: 'deny', reason });
    expect(decision.message).toMatch(/^[A-Z0-9].{20,}[.)]$/s);
  });

  it.each<[string, Partial<AdmissionFacts>]>([
    [
      'an instructor in a hidden course',
      { enrolment: anEnrolment({ role: 'instructor', course: aCourse({ visible: false }) }) },
    ],
    [
      'a student of the group',
      {
        courseProfile: aCourseProfile({ audience: { roles: ['student'], groups: ['dl 2'] } }),
        enrolment: anEnrolment({ groups: ['DL 2'] }),
      },
    ],
    [
      'an assistant outside the group',
      {
        courseProfile: aCourseProfile({ audience: { roles: ['student', 'assistant'], groups: ['DL 2'] } }),
        enrolment: anEnrolment({ role: 'assistant' }),
      },
    ],
    ['the opening minute', { courseProfile: aCourseProfile({ opensAt: now }) }],
    ['the last millisecond', { courseProfile: aCourseProfile({ closesAt: new Date(now.getTime() + 1) }) }],
    [
      'the last session of a person',
      {
        courseProfile: aCourseProfile({ maxSessionsPerPerson: 2 }),
        inUse: { personSessions: 1, courseSessions: 1, poolGpus: 0 },
      },
    ],
    ['the last GPU', { pool: aPool({ capacity: 8 }), inUse: { personSessions: 0, courseSessions: 0, poolGpus: 7 } }],
    ['a full pool without a capacity', { inUse: { personSessions: 0, courseSessions: 0, poolGpus: 999 } }],
  ])('admits %s', (_what, change) => {
    expect(decideAdmission(facts(change))).toMatchObject({ decision: 'admit', reason: 'admitted' });
  });

  it('gives who is not enrolled the sentence of a profile that does not exist', () => {
    const unknown = decideAdmission(facts({ courseProfile: null, enrolment: null }));
    expect(decideAdmission(facts({ enrolment: null })).message).toBe(unknown.message);
    expect(unknown.message).not.toContain('DL202');
  });

  it('says until when it can run: the earlier of session limit and closing time', () => {
    const limited = aProfile({ idle: { ...aProfile().idle, sessionLimitSeconds: 3600 } });
    expect(decideAdmission(facts({ courseProfile: aCourseProfile({ profile: limited }) }))).toMatchObject({
      endsAt: minute(60),
    });
    expect(
      decideAdmission(facts({ courseProfile: aCourseProfile({ profile: limited, closesAt: minute(10) }) })),
    ).toMatchObject({ endsAt: minute(10) });
    expect(decideAdmission(facts())).toMatchObject({ endsAt: null });
  });
});
