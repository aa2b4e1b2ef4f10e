// What a dry run would have written about announced stops: kept in this process, so that its log tells when each stop would have been.
import type { Decision } from '../../src/domain/culling/decision.ts';
import type { PendingStop } from '../../src/domain/culling/session-facts.ts';
import type { SessionId } from '../../src/domain/ids.ts';

export interface DryRunMemory {
  readonly pendingOf: (id: SessionId) => PendingStop | null;
  /** @returns false for a stop that has been reported before: the session only runs on because nothing is stopped. */
  readonly note: (id: SessionId, decision: Decision, now: Date) => boolean;
  readonly forgetAllBut: (ids: ReadonlySet<SessionId>) => void;
}

export function createDryRunMemory(): DryRunMemory {
  const pending = new Map<SessionId, PendingStop>();
  const stopped = new Map<SessionId, string>();
  return {
    pendingOf: (id) => pending.get(id) ?? null,
    note(id, decision, now) {
      if (decision.kind === 'announce')
        pending.set(id, { reason: decision.reason, since: now, stopAt: decision.stopAt });
      if (decision.kind === 'cancel') pending.delete(id);
      if (decision.kind !== 'stop') {
        if (decision.kind !== 'wait') stopped.delete(id);
        return true;
      }
      const isNew = stopped.get(id) !== decision.reason;
      stopped.set(id, decision.reason);
      return isNew;
    },
    forgetAllBut(ids) {
      for (const map of [pending, stopped]) {
        for (const id of map.keys()) if (!ids.has(id)) map.delete(id);
      }
    },
  };
}
