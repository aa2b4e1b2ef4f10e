// Decides a person's role in a course from the shortnames of their Moodle roles.

/** Strongest last. */
export const COURSE_ROLES = ['student', 'assistant', 'instructor'] as const;
export type CourseRole = (typeof COURSE_ROLES)[number];

/** Moodle role shortname -> course role. Sites rename and add roles, and Moodle exposes no archetype (moodle.md 4): so a map. */
export type RoleMap = Readonly<Record<string, CourseRole>>;

export interface ResolvedRole {
  /** null: none of the person's roles is mapped; that gives nothing. */
  readonly role: CourseRole | null;
  /** Shortnames that the map does not name: listed for the operator. */
  readonly unmapped: readonly string[];
}

/** The strongest mapped role wins (ta1 of moodle.md 4 holds student and ta). */
export function resolveCourseRole(shortnames: readonly string[], map: RoleMap): ResolvedRole {
  const mapped = shortnames.flatMap((name) => (Object.hasOwn(map, name) ? [map[name] as CourseRole] : []));
  const strongest = COURSE_ROLES.findLast((role) => mapped.includes(role)) ?? null;
  return { role: strongest, unmapped: shortnames.filter((name) => !Object.hasOwn(map, name)) };
}
