// What a form shows, greys out and leaves out.
import { expect, it } from 'vitest';
import type { AdmissionDecision, DenyReason } from '../../../src/domain/admission/admission.ts';
import { deny } from '../../../src/domain/admission/admission.ts';
import { courseProfileId } from '../../../src/domain/ids.ts';
import { arrangeForm, type DecidedOffer } from '../../../src/domain/profiles/arrange-form.ts';
import { aCourse, aCourseProfile, anEnrolment } from '../builders.ts';

const enrolment = anEnrolment();
const offer = (id: string, reason: DenyReason | 'admitted', of = enrolment): DecidedOffer => {
  const courseProfile = aCourseProfile({ id: courseProfileId(id) });
  const decision: AdmissionDecision =
    reason === 'admitted'
      ? { decision: 'admit', reason, message: '', courseProfile, course: of.course, endsAt: null }
      : deny(reason, `because ${reason}`);
  return { enrolment: of, courseProfile, decision };
};
const shown = (offers: readonly DecidedOffer[]): unknown =>
  arrangeForm(offers).map((course) => [
    course.enrolment.course.shortname,
    course.note,
    ...course.offers.map(({ courseProfile, refusal }) => [courseProfile.id, refusal?.reason ?? null]),
  ]);

it('greys out what may come later and hides what is for others', () => {
  expect(
    shown([
      offer('1-a', 'admitted'),
      offer('1-b', 'not_open_yet'),
      offer('1-c', 'other_role'),
      offer('1-d', 'pool_full'),
      offer('1-e', 'other_group'),
    ]),
  ).toEqual([['DL202', null, ['1-a', null], ['1-b', 'not_open_yet'], ['1-d', 'pool_full'], ['1-e', 'other_group']]]);
});

it('says once why a whole course gives nothing', () => {
  expect(shown([offer('1-a', 'enrolment_inactive'), offer('1-b', 'enrolment_inactive')])).toEqual([
    ['DL202', 'because enrolment_inactive'],
  ]);
});

it('leaves a course out that has nothing for this role', () => {
  expect(shown([offer('1-a', 'other_role')])).toEqual([]);
});

it('keeps two courses apart', () => {
  const second = anEnrolment({ course: aCourse({ shortname: 'DS101' }) });
  expect(shown([offer('1-a', 'admitted'), offer('2-a', 'admitted', second)])).toEqual([
    ['DL202', null, ['1-a', null]],
    ['DS101', null, ['2-a', null]],
  ]);
});
