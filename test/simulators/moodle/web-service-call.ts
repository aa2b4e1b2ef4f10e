// What a simulated web-service function gets to work with.
import { type Caller, can, canAccessCourse } from './capabilities.ts';
import type { MoodleCourse, MoodleSite } from './model.ts';
import { formatString } from './php-values.ts';
import { courseNotAccessible, missingCapability, missingRecord } from './web-service-errors.ts';
import type { ParameterSpec } from './web-service-parameters.ts';

export interface WebServiceCall {
  readonly site: MoodleSite;
  readonly wwwroot: string;
  readonly caller: Caller;
  readonly serviceFunctions: readonly string[];
  readonly nowSeconds: number;
}

export interface WebServiceFunction {
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  /** Parameters have been checked against `parameters`. */
  readonly run: (call: WebServiceCall, parameters: never) => unknown;
}

export const may = (call: WebServiceCall, capability: string, courseId?: number): boolean =>
  can(call.site, call.caller.userId, capability, call.nowSeconds, courseId);

export function demand(call: WebServiceCall, capability: string, courseId?: number): void {
  if (!may(call, capability, courseId)) throw missingCapability(capability);
}

export const mayAccess = (call: WebServiceCall, course: MoodleCourse): boolean =>
  canAccessCourse(call.site, call.caller.userId, course, call.nowSeconds);

/** The course, or Moodle's error: invalidrecord when it does not exist, errorcoursecontextnotvalid when it is out of reach. */
export function accessibleCourse(call: WebServiceCall, courseId: number): MoodleCourse {
  const course = call.site.courses.get(courseId);
  if (course === undefined) throw missingRecord('course');
  if (!mayAccess(call, course)) throw courseNotAccessible(courseId);
  return course;
}

/** A name as the caller wants it: HTML-formatted, or verbatim with moodlewssettingraw=1 (moodle.md 2.1). */
export const nameText = (call: WebServiceCall, name: string): string =>
  call.caller.rawText ? name : formatString(name);

export function pictureUrls(call: WebServiceCall): { profileimageurlsmall: string; profileimageurl: string } {
  const base = `${call.wwwroot}/theme/image.php/boost/core/${call.site.themeRevision}/u`;
  return { profileimageurlsmall: `${base}/f2`, profileimageurl: `${base}/f1` };
}
