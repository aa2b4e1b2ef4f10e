// What a session remembers of its course profile: decisions about a running session never depend on a config that changed since.
import type { Audience, CourseProfile, IdlePolicy } from './profile.ts';

/** Plain JSON, stored in session.snapshot. */
export interface SessionSnapshot {
  readonly profile: {
    readonly slug: string;
    readonly title: string;
    readonly idle: IdlePolicy;
    readonly gpu: { readonly pool: string; readonly count: number; readonly weight: number } | null;
  };
  readonly course: { readonly id: string; readonly shortname: string; readonly fullname: string };
  readonly rule_id: string;
  readonly audience: Audience;
  /** ISO 8601. */
  readonly closes_at: string | null;
}

export function toSessionSnapshot(
  courseProfile: CourseProfile,
  course: { readonly id: string; readonly shortname: string; readonly fullname: string },
): SessionSnapshot {
  const { profile } = courseProfile;
  return {
    profile: { slug: profile.slug, title: profile.title, idle: profile.idle, gpu: profile.gpu },
    course: { id: course.id, shortname: course.shortname, fullname: course.fullname },
    rule_id: courseProfile.rule.id,
    audience: courseProfile.audience,
    closes_at: courseProfile.closesAt?.toISOString() ?? null,
  };
}
