// Whose server it is, and when the time held begins and ends.
import { describe, expect, it } from 'vitest';
import { findPresence, type HubServer } from '../../../src/domain/culling/presence.ts';
import { timeHeldEnd, timeHeldStart } from '../../../src/domain/culling/time-held.ts';

const at = (minute: number): Date => new Date(Date.UTC(2026, 10, 25, 12, minute));

const aServer = (change: Partial<HubServer> = {}): HubServer => ({
  hubUsername: 'ann',
  serverName: '',
  pending: null,
  ready: true,
  startedAt: at(1),
  lastActivityAt: at(5),
  ...change,
});

describe('findPresence', () => {
  it.each<[string, HubServer | null, Date | null, string]>([
    ['not listed', null, at(1), 'absent'],
    ['first sight', aServer(), null, 'ready'],
    ['the same start', aServer(), at(1), 'ready'],
    ['a later start is another run', aServer({ startedAt: at(2) }), at(1), 'absent'],
    ['a later run that stops is not ours either', aServer({ startedAt: at(2), pending: 'stop' }), at(1), 'absent'],
    ['starting', aServer({ ready: false, pending: 'spawn', startedAt: null }), null, 'pending'],
    ['the hub looks after its restart', aServer({ ready: false, pending: 'check' }), at(1), 'pending'],
    ['stopping', aServer({ ready: false, pending: 'stop' }), at(1), 'stopping'],
  ])('%s', (_name, server, hubStartedAt, state) => {
    expect(findPresence(server, hubStartedAt).state).toBe(state);
  });
});

describe('time held', () => {
  it.each<[string, number, number]>([
    ['inside what the database saw', 2, 2],
    ['a hub clock that is behind', -60, 1],
    ['a hub clock that is ahead', 60, 3],
  ])('begins: %s', (_name, hubStart, expected) => {
    expect(timeHeldStart(at(hubStart), at(1), at(3))).toEqual(at(expected));
  });

  it.each<[string, boolean, Date | null, Date]>([
    ['seen gone after our stop', true, at(5), at(9)],
    ['gone by itself: when it was last seen', false, at(5), at(5)],
    ['never before the start', false, at(0), at(2)],
    ['never seen', false, null, at(2)],
  ])('ends: %s', (_name, ownStop, lastSeenAt, expected) => {
    expect(timeHeldEnd({ startedAt: at(2), lastSeenAt, admittedAt: at(1) }, { ownStop, now: at(9) })).toEqual(expected);
  });
});
