// How the facts of a session come from the ledger, the hub and the config as it is now.
import { describe, expect, it } from 'vitest';
import { lookAtSessions } from '../../../services/idle-culler/look-at-sessions.ts';
import type { Config } from '../../../src/config/config.ts';
import type { OpenSession } from '../../../src/database/metering.ts';
import { longestGpuWindow } from '../../../src/domain/culling/gpu-window.ts';
import type { HubServer } from '../../../src/domain/culling/presence.ts';
import type { SessionFacts } from '../../../src/domain/culling/session-facts.ts';
import { sessionId } from '../../../src/domain/ids.ts';
import { toSessionSnapshot } from '../../../src/domain/profiles/session-snapshot.ts';
import { NO_READINGS } from '../../../src/prometheus/gpu-readings.ts';
import { aCourse, aCourseProfile, anEnrolment, aProfile, aRule } from '../../domain/builders.ts';
import { testConfig } from '../../support/test-config.ts';

const NOW = new Date('2026-11-25T12:00:00Z');
const CLOSED = new Date('2026-11-25T11:00:00Z');

const configWith = (rules: Config['rules']): Config => ({ ...testConfig(), rules });

const aSession = (change: Partial<OpenSession> = {}): OpenSession => ({
  id: sessionId('s1'),
  hubUsername: 'ann',
  serverName: '',
  courseProfileId: '12-gpu',
  snapshot: toSessionSnapshot(aCourseProfile(), { id: '12', shortname: 'DL202', fullname: 'Deep Learning' }),
  gpuCount: 1,
  namespace: 'local',
  pod: 'ann--',
  admittedAt: CLOSED,
  admissionExpiresAt: NOW,
  hubStartedAt: null,
  firstSeenAt: null,
  lastSeenAt: null,
  startedAt: null,
  missedSnapshots: 0,
  pending: null,
  begunStop: null,
  person: { suspended: false, deleted: false },
  course: aCourse(),
  enrolment: anEnrolment(),
  stopRequested: null,
  ...change,
});

const aServer = (hubUsername: string, serverName = ''): HubServer => ({
  hubUsername,
  serverName,
  pending: null,
  ready: true,
  startedAt: CLOSED,
  lastActivityAt: NOW,
});

const look = (
  config: Config,
  sessions: readonly OpenSession[],
  servers: readonly HubServer[],
  scheduledAt: Date | null = null,
) =>
  lookAtSessions(config, {
    now: NOW,
    sessions,
    servers,
    readings: NO_READINGS,
    scheduledAt: () => scheduledAt,
    pendingOf: (session) => session.pending,
  });
const factsOf = (config: Config, session: OpenSession): SessionFacts => {
  const [looked] = look(config, [session], []).looked;
  if (!looked) throw new Error('one session was given');
  return looked.facts;
};

describe('the course profile as it is now', () => {
  const before = { closes_at: CLOSED.toISOString() };
  it('closes when the rule of today says so, or the snapshot when the rule is gone', () => {
    const session = aSession({ snapshot: { ...aSession().snapshot, ...before } });
    expect(factsOf(configWith([aRule()]), session).session.closesAt).toBeNull();
    expect(factsOf(configWith([aRule({ closesAt: NOW })]), session).session.closesAt).toEqual(NOW);
    expect(factsOf(configWith([]), session).session.closesAt).toEqual(CLOSED);
  });

  it.each<[string, Partial<OpenSession>, Config['rules'], boolean]>([
    ['active student', {}, [aRule()], true],
    ['inactive', { enrolment: anEnrolment({ active: false }) }, [aRule()], false],
    ['not enrolled any more', { enrolment: null }, [aRule()], false],
    ['no mapped role any more', { enrolment: anEnrolment({ role: null }) }, [aRule()], false],
    ['course vanished', { course: null }, [aRule()], false],
    ['course hidden: only for new starts', { course: aCourse({ visible: false }) }, [aRule()], true],
    ['for instructors only by now', {}, [aRule({ audience: { roles: ['instructor'], groups: [] } })], false],
    [
      'for another group by now',
      { enrolment: anEnrolment({ groups: ['DL 1'] }) },
      [aRule({ audience: { roles: ['student'], groups: ['DL 2'] } })],
      false,
    ],
    ['rule gone: the snapshot counts', {}, [], true],
  ])('%s', (_name, change, rules, gives) => {
    expect(factsOf(configWith(rules), aSession(change)).enrolmentGivesIt).toBe(gives);
  });
});

describe('whose server it is', () => {
  it.each<[string, HubServer, string, number]>([
    ['the same name', aServer('ann'), 'ready', 0],
    ['a longer name', aServer('anna'), 'absent', 1],
    ['another server of the person', aServer('ann', 's1'), 'absent', 1],
    ['a name that the hub folded', aServer('Ann'), 'ready', 0],
  ])('%s', (_name, server, state, unmanaged) => {
    const view = look(configWith([aRule()]), [aSession()], [server]);
    expect([view.looked[0]?.facts.server.state, view.unmanaged.length]).toEqual([state, unmanaged]);
  });
});

describe('the window of the one query', () => {
  const withWindow = (seconds: number | null, gpuCount = 1): OpenSession => {
    const profile = aProfile({ idle: { ...aProfile().idle, gpuIdleAfterSeconds: seconds } });
    return aSession({
      gpuCount,
      snapshot: toSessionSnapshot(aCourseProfile({ profile }), { id: '12', shortname: '', fullname: '' }),
    });
  };
  it.each<[string, readonly OpenSession[], number]>([
    ['nobody runs', [], 0],
    ['nobody has a GPU', [withWindow(900, 0)], 0],
    ['the longest of all', [withWindow(900), withWindow(1200), withWindow(60)], 1200],
    ['no GPU rule: that of the idle rule', [withWindow(null)], 3600],
    ['bounded', [withWindow(86_400)], 7200],
  ])('%s', (_name, sessions, seconds) => {
    expect(longestGpuWindow(sessions)).toBe(seconds);
  });
});

describe('the start of the time held', () => {
  const MINUTE = 60_000;
  const at = (minutes: number): Date => new Date(CLOSED.getTime() + minutes * MINUTE);
  const startOf = (session: Partial<OpenSession>, scheduledAt: Date | null) =>
    look(configWith([aRule()]), [aSession(session)], [aServer('ann')], scheduledAt).looked[0]?.sighting;

  it('is when the pod was scheduled: waiting in the queue is free', () => {
    expect(startOf({}, at(20))).toMatchObject({ startedAt: at(20), scheduled: true });
    expect(startOf({}, null)).toMatchObject({ startedAt: CLOSED, scheduled: false });
  });
  it('corrects what the hub said while the cluster could not be seen, and stays once the pod is gone', () => {
    const earlier = { startedAt: CLOSED, firstSeenAt: at(30) };
    expect(startOf(earlier, at(20))).toMatchObject({ startedAt: at(20), scheduled: true });
    expect(startOf({ ...earlier, startedAt: at(20) }, null)).toMatchObject({ startedAt: at(20), scheduled: false });
  });
  it('lies between admission and first sight, whatever the clock of the cluster says', () => {
    expect(startOf({ firstSeenAt: at(30) }, at(-90))).toMatchObject({ startedAt: CLOSED });
    expect(startOf({ firstSeenAt: at(30) }, at(90))).toMatchObject({ startedAt: at(30) });
  });
});
