// Decides which course profiles a course has: one for every config rule that matches it.
import type { Course } from '../courses/course.ts';
import { courseProfileId } from '../ids.ts';
import type { CourseMatch, CourseProfile, CourseProfileRule } from './profile.ts';

/** In the order of the rules. A course that has vanished from Moodle must not be asked about. */
export function matchCourseProfiles(rules: readonly CourseProfileRule[], course: Course): readonly CourseProfile[] {
  return rules.filter((rule) => matchesCourse(rule.match, course)).map((rule) => toCourseProfile(rule, course));
}

/** The course profile `<course id>-<rule id>`, or null when the rule is gone or no longer matches. */
export function findCourseProfile(
  rules: readonly CourseProfileRule[],
  course: Course,
  id: string,
): CourseProfile | null {
  return matchCourseProfiles(rules, course).find((courseProfile) => courseProfile.id === id) ?? null;
}

/** Our course id out of a course profile id; null when the text is not one. */
export function courseIdOf(courseProfile: string): string | null {
  return /^([1-9][0-9]{0,17})-[a-z0-9-]{1,40}$/.exec(courseProfile)?.[1] ?? null;
}

/** Every field that the rule gives must match. */
export function matchesCourse(match: CourseMatch, course: Course): boolean {
  return (
    (match.moodleId === undefined || match.moodleId === course.moodleId) &&
    (match.categoryId === undefined || match.categoryId === course.categoryId) &&
    (match.shortname === undefined || matchesPattern(match.shortname, course.shortname)) &&
    (match.idnumber === undefined || matchesPattern(match.idnumber, course.idnumber))
  );
}

/** `*` stands for any run of characters; case matters not. Linear in the text: no pattern can make it slow. */
function matchesPattern(pattern: string, text: string): boolean {
  const parts = pattern.toLowerCase().split('*');
  const subject = text.toLowerCase();
  const [first = '', ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return subject === first;
  if (!subject.startsWith(first)) return false;
  let position = first.length;
  for (const part of rest) {
    const found = subject.indexOf(part, position);
    if (found < 0) return false;
    position = found + part.length;
  }
  return subject.length - last.length >= position && subject.endsWith(last);
}

function toCourseProfile(rule: CourseProfileRule, course: Course): CourseProfile {
  return {
    id: courseProfileId(`${course.id}-${rule.id}`),
    courseId: course.id,
    rule,
    profile: rule.profile,
    audience: rule.audience,
    opensAt: rule.opensAt,
    closesAt: rule.closesAt,
    maxSessionsPerPerson: rule.maxSessionsPerPerson,
    maxSessionsPerCourse: rule.maxSessionsPerCourse,
  };
}
