// The matrix of the culler: each reason at its boundary, each protection, each state of the server.
import { describe, expect, it } from 'vitest';
import { decideSession } from '../../../src/domain/culling/decide-session.ts';
import type { Decision } from '../../../src/domain/culling/decision.ts';
import { ago, type FactsChange, NOW, someFacts } from './facts.ts';

const inSeconds = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);
const short = (decision: Decision): string => `${decision.kind} ${decision.reason}`;
const decide = (change: FactsChange): string => short(decideSession(someFacts(change)));
const HOUR = 3600;

describe('reasons to stop a ready server', () => {
  it.each<[string, FactsChange, string]>([
    ['used', {}, 'keep busy'],
    ['used, without a GPU', { gpu: 'none' }, 'keep no_reason'],
    ['requested', { stopRequested: { by: 'operator:op', message: '' } }, 'stop requested'],
    ['suspended account', { person: { suspended: true } }, 'stop enrolment_ended'],
    ['deleted account', { person: { deleted: true } }, 'stop enrolment_ended'],
    ['enrolment ended', { enrolmentGivesIt: false }, 'announce enrolment_ended'],
    ['closes now', { session: { closesAt: NOW } }, 'announce course_closed'],
    ['closes in a second', { session: { closesAt: inSeconds(1) } }, 'keep busy'],
    ['at the session limit, busy', { age: 24 * HOUR }, 'announce session_limit'],
    ['a second before the session limit', { age: 24 * HOUR - 1 }, 'keep busy'],
    ['no session limit', { age: 48 * HOUR, idle: { sessionLimitSeconds: null } }, 'keep busy'],
    ['GPU idle for the window, tabs open', { gpu: 'idle', quiet: 0 }, 'announce gpu_idle'],
    ['GPU idle, younger than the window', { gpu: 'idle', age: 1799, gpuWindow: 1799 }, 'keep no_reason'],
    ['GPU idle, rule off', { gpu: 'idle', idle: { gpuIdleAfterSeconds: null } }, 'keep no_reason'],
    ['GPU idle, rule off, quiet', { gpu: 'idle', quiet: HOUR, idle: { gpuIdleAfterSeconds: null } }, 'announce idle'],
    ['quiet and no GPU', { gpu: 'none', quiet: HOUR }, 'announce idle'],
    ['a second less quiet', { gpu: 'none', quiet: HOUR - 1 }, 'keep no_reason'],
    ['quiet and busy', { gpu: 'busy', quiet: 5 * HOUR, age: 6 * HOUR }, 'keep busy'],
    ['quiet and unknown', { gpu: 'unknown', quiet: 5 * HOUR, age: 6 * HOUR }, 'keep no_reason'],
    ['quiet and unknown for the limit', { gpu: 'unknown', quiet: 6 * HOUR, age: 7 * HOUR }, 'announce unknown_limit'],
    [
      'unknown, rule off',
      { gpu: 'unknown', quiet: 9 * HOUR, age: 9 * HOUR, idle: { unknownLimitSeconds: null } },
      'keep no_reason',
    ],
    ['quiet since before the start (old activity)', { gpu: 'none', age: 60, quiet: 9 * HOUR }, 'keep no_reason'],
    [
      'activity never seen, long after the start',
      { gpu: 'none', server: { state: 'ready', startedAt: ago(2 * HOUR), lastActivityAt: null } },
      'announce idle',
    ],
    [
      'waited an hour for its GPU, ready a minute ago',
      { gpu: 'none', age: HOUR, quiet: HOUR, session: { firstSeenAt: ago(60), admissionExpiresAt: ago(30) } },
      'keep no_reason',
    ],
    [
      'first seen late by a culler that was away',
      { gpu: 'none', age: 3 * HOUR, quiet: 2 * HOUR, session: { firstSeenAt: NOW } },
      'announce idle',
    ],
    ['activity from a clock that is ahead', { gpu: 'none', quiet: -HOUR }, 'keep no_reason'],
    [
      'several reasons: the first in order',
      { enrolmentGivesIt: false, gpu: 'idle', quiet: 2 * HOUR },
      'announce enrolment_ended',
    ],
  ])('%s: %s', (_name, change, expected) => {
    expect(decide(change)).toBe(expected);
  });

  it('announces with the grace of the profile, an ended enrolment with its own', () => {
    expect(decideSession(someFacts({ gpu: 'idle' }))).toMatchObject({ stopAt: inSeconds(600) });
    expect(decideSession(someFacts({ enrolmentGivesIt: false }))).toMatchObject({ stopAt: inSeconds(900) });
  });

  it('stops at once when the grace is 0', () => {
    expect(decideSession(someFacts({ gpu: 'idle', idle: { graceSeconds: 0 } }))).toEqual({
      kind: 'stop',
      reason: 'gpu_idle',
      announced: false,
    });
  });
});

describe('an announced stop', () => {
  const pending = (reason: 'gpu_idle' | 'idle', secondsLeft: number) => ({
    pending: { reason, since: ago(600 - secondsLeft), stopAt: inSeconds(secondsLeft) },
  });
  it.each<[string, FactsChange, string]>([
    ['in its grace', { gpu: 'idle', session: pending('gpu_idle', 1) }, 'wait grace'],
    ['at its time', { gpu: 'idle', session: pending('gpu_idle', 0) }, 'stop gpu_idle'],
    ['work resumed', { gpu: 'busy', session: pending('gpu_idle', 0) }, 'cancel gpu_idle'],
    ['readings went away', { gpu: 'unknown', session: pending('gpu_idle', 0) }, 'cancel gpu_idle'],
    [
      'another reason gets a grace of its own',
      { gpu: 'none', quiet: HOUR, session: pending('gpu_idle', 0) },
      'announce idle',
    ],
    [
      'a stronger reason does not begin it anew',
      { gpu: 'idle', session: { ...pending('gpu_idle', 0), closesAt: NOW } },
      'stop gpu_idle',
    ],
    [
      'requested meanwhile',
      { gpu: 'idle', session: pending('gpu_idle', 99), stopRequested: { by: 'x', message: '' } },
      'stop requested',
    ],
    [
      'suspended meanwhile',
      { gpu: 'idle', session: pending('gpu_idle', 99), person: { suspended: true } },
      'stop enrolment_ended',
    ],
    [
      'sent to the hub, still running, reason over',
      { session: { begunStop: 'enrolment_ended' } },
      'cancel enrolment_ended',
    ],
    [
      'sent to the hub, still running, reason holds',
      { gpu: 'idle', session: { ...pending('gpu_idle', -60), begunStop: 'gpu_idle' } },
      'stop gpu_idle',
    ],
  ])('%s: %s', (_name, change, expected) => {
    expect(decide(change)).toBe(expected);
  });
});

describe('a server that is not ready', () => {
  const never = { firstSeenAt: null, hubStartedAt: null, lastSeenAt: null, startedAt: null };
  const absent = { state: 'absent' } as const;
  const stopping = { state: 'stopping', startedAt: null } as const;
  it.each<[string, FactsChange, string]>([
    ['starting, suspended', { server: { state: 'pending' }, person: { suspended: true } }, 'wait starting'],
    [
      'starting after its admission expired',
      { server: { state: 'pending' }, session: { ...never, admissionExpiresAt: ago(1) } },
      'wait starting',
    ],
    ['stopping', { server: stopping, stopRequested: { by: 'x', message: '' } }, 'wait stopping'],
    ['absent once', { server: absent }, 'wait missing'],
    ['absent twice', { server: absent, session: { missedSnapshots: 1 } }, 'wait missing'],
    ['absent three times', { server: absent, session: { missedSnapshots: 2 } }, 'gone gone'],
    ['absent after our stop', { server: absent, session: { begunStop: 'gpu_idle' } }, 'gone gpu_idle'],
    ['never seen, admission open', { server: absent, session: { ...never, admissionExpiresAt: NOW } }, 'wait starting'],
    [
      'never seen, admission expired',
      { server: absent, session: { ...never, admissionExpiresAt: ago(1) } },
      'release never_started',
    ],
  ])('%s: %s', (_name, change, expected) => {
    expect(decide(change)).toBe(expected);
  });

  it('ends in the favour of the student, or now after our own stop', () => {
    expect(decideSession(someFacts({ server: absent, session: { missedSnapshots: 2 } }))).toMatchObject({
      endedAt: ago(30),
    });
    expect(decideSession(someFacts({ server: absent, session: { begunStop: 'idle' } }))).toMatchObject({
      endedAt: NOW,
    });
  });
});
