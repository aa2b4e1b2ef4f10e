// Decides when the time held of a session begins and ends (design 1, GPU-hours): times of the hub and of Kubernetes count only inside what the database clock saw.

/** When the pod was scheduled, else the hub's start; clamped to [admitted, first seen]: a wrong clock can neither add hours nor take them. */
export function timeHeldStart(startedAt: Date, admittedAt: Date, firstSeenAt: Date): Date {
  // First seen last: with a database clock that stepped back it may be before the admission.
  const time = Math.min(Math.max(startedAt.getTime(), admittedAt.getTime()), firstSeenAt.getTime());
  return new Date(time);
}

/** Seen gone after our own stop: now. Else when it was last seen, in the student's favour. Never before the start. */
export function timeHeldEnd(
  session: { readonly startedAt: Date | null; readonly lastSeenAt: Date | null; readonly admittedAt: Date },
  seen: { readonly ownStop: boolean; readonly now: Date },
): Date {
  const end = seen.ownStop ? seen.now : (session.lastSeenAt ?? session.admittedAt);
  return session.startedAt !== null && session.startedAt > end ? session.startedAt : end;
}
