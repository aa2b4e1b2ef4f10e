// Decides what happens to one session now: presence first, then the reasons to stop in one order.
import type { Decision, StopReason } from './decision.ts';
import { courseClosed } from './reasons/course-closed.ts';
import { enrolmentEnded } from './reasons/enrolment-ended.ts';
import { gpuIdle } from './reasons/gpu-idle.ts';
import { idle } from './reasons/idle.ts';
import { requested } from './reasons/requested.ts';
import { sessionLimit } from './reasons/session-limit.ts';
import type { StopRule } from './reasons/stop-rule.ts';
import { unknownLimit } from './reasons/unknown-limit.ts';
import type { SessionFacts } from './session-facts.ts';
import { timeHeldEnd } from './time-held.ts';

/** The first that holds is the one that people read. A later issue adds its reasons (hours used up) here. */
export const STOP_RULES: readonly StopRule[] = [
  requested,
  enrolmentEnded,
  courseClosed,
  sessionLimit,
  gpuIdle,
  idle,
  unknownLimit,
];

/** Pure: the same facts give the same decision. Only a `ready` server is ever stopped. */
export function decideSession(facts: SessionFacts): Decision {
  switch (facts.server.state) {
    case 'absent':
      return decideAbsent(facts);
    case 'pending':
      return { kind: 'wait', reason: 'starting', stopAt: null };
    case 'stopping':
      return { kind: 'wait', reason: 'stopping', stopAt: null };
    case 'ready':
      return decideReady(facts);
  }
}

function decideAbsent({ session, now, limits }: SessionFacts): Decision {
  if (session.firstSeenAt === null) {
    return now > session.admissionExpiresAt
      ? { kind: 'release', reason: 'never_started', endedAt: now }
      : { kind: 'wait', reason: 'starting', stopAt: null };
  }
  if (session.begunStop !== null)
    return { kind: 'gone', reason: session.begunStop, endedAt: timeHeldEnd(session, { ownStop: true, now }) };
  // One listing may miss a server: pages shift while they are read.
  return session.missedSnapshots + 1 >= limits.missedSnapshots
    ? { kind: 'gone', reason: 'gone', endedAt: timeHeldEnd(session, { ownStop: false, now }) }
    : { kind: 'wait', reason: 'missing', stopAt: null };
}

function decideReady(facts: SessionFacts): Decision {
  const { now } = facts;
  const { pending } = facts.session;
  const holding = STOP_RULES.filter((rule) => rule.holds(facts));
  const atOnce = holding.find((rule) => rule.graceSeconds(facts) === 0);
  if (atOnce) return { kind: 'stop', reason: atOnce.reason, announced: pending?.reason === atOnce.reason };
  if (pending && isHolding(holding, pending.reason)) {
    return now >= pending.stopAt
      ? { kind: 'stop', reason: pending.reason, announced: true }
      : { kind: 'wait', reason: 'grace', stopAt: pending.stopAt };
  }
  const [first] = holding;
  if (first) {
    const stopAt = new Date(now.getTime() + first.graceSeconds(facts) * 1000);
    return { kind: 'announce', reason: first.reason, stopAt };
  }
  // A stop that was sent, but the server runs on and its reason is over: taken back as well.
  const over = pending?.reason ?? facts.session.begunStop;
  if (over !== null) return { kind: 'cancel', reason: over };
  return { kind: 'keep', reason: facts.gpu.state === 'busy' ? 'busy' : 'no_reason' };
}

const isHolding = (holding: readonly StopRule[], reason: StopReason): boolean =>
  holding.some((rule) => rule.reason === reason);
