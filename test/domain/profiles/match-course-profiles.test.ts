// Which courses a rule means, and what becomes of a course profile id.
import { describe, expect, it } from 'vitest';
import { courseIdOf, matchCourseProfiles, matchesCourse } from '../../../src/domain/profiles/match-course-profiles.ts';
import type { CourseMatch } from '../../../src/domain/profiles/profile.ts';
import { aCourse, aRule } from '../builders.ts';

describe('matchesCourse', () => {
  const course = aCourse({ moodleId: '3', shortname: 'DL202', idnumber: 'SIS-DL202-2026', categoryId: '7' });
  it.each<[CourseMatch, boolean]>([
    [{ moodleId: '3' }, true],
    [{ moodleId: '33' }, false],
    [{ shortname: 'dl202' }, true],
    [{ shortname: 'DL20' }, false],
    [{ shortname: 'DL*' }, true],
    [{ shortname: '*' }, true],
    [{ shortname: '*202' }, true],
    [{ shortname: 'D*2*2' }, true],
    [{ shortname: 'D*0*0*2' }, false],
    [{ shortname: 'DL202*DL202' }, false],
    [{ idnumber: 'SIS-*-2026' }, true],
    [{ idnumber: 'SIS-*-2027' }, false],
    [{ categoryId: '7' }, true],
    [{ categoryId: '7', shortname: 'DS*' }, false],
  ])('%j -> %s', (match, expected) => {
    expect(matchesCourse(match, course)).toBe(expected);
  });

  it('stays fast on a pattern made to be slow', () => {
    expect(matchesCourse({ shortname: `${'a*'.repeat(2000)}b` }, aCourse({ shortname: 'a'.repeat(20_000) }))).toBe(
      false,
    );
  });
});

describe('matchCourseProfiles', () => {
  it('names a course profile by our course id and the rule', () => {
    const rules = [
      aRule({ id: 'gpu' }),
      aRule({ id: 'cpu', match: { shortname: 'DS*' } }),
      aRule({ id: 'all', match: { shortname: '*' } }),
    ];
    expect(matchCourseProfiles(rules, aCourse()).map((courseProfile) => courseProfile.id)).toEqual([
      '12-gpu',
      '12-all',
    ]);
  });
});

describe('courseIdOf', () => {
  it.each([
    ['12-gpu', '12'],
    ['12-gpu-small', '12'],
    ['gpu', null],
    ['', null],
    ['012-gpu', null],
    ["12-gpu'; drop table session", null],
    ['12-', null],
  ])('%j -> %j', (text, expected) => {
    expect(courseIdOf(text)).toBe(expected);
  });
});
