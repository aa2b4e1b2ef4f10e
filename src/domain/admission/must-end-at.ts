// Decides until when a session that starts now may run.
import type { CourseProfile } from '../profiles/profile.ts';

/** The earlier of the session limit and the closing time; null when there is neither. */
export function mustEndAt(courseProfile: CourseProfile, startsAt: Date): Date | null {
  const limit = courseProfile.profile.idle.sessionLimitSeconds;
  const end = Math.min(
    limit === null ? Number.POSITIVE_INFINITY : startsAt.getTime() + limit * 1000,
    courseProfile.closesAt?.getTime() ?? Number.POSITIVE_INFINITY,
  );
  return Number.isFinite(end) ? new Date(end) : null;
}
