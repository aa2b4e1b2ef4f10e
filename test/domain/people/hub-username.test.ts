// Hub usernames: safe for hub, Kubernetes and host names, readable, never somebody else's.
import { describe, expect, it } from 'vitest';
import { hubUsernameCandidates, isSafeHubUsername } from '../../../src/domain/people/hub-username.ts';

const hash = '0123456789abcdef';
const first = (moodleUsername: string, reserved: readonly string[] = []) =>
  hubUsernameCandidates({ moodleUsername, hash, reserved })[0];

describe('the first candidate', () => {
  it.each([
    ['student1', 'student1'],
    ['Student1', 'student1'],
    ['Kelvin', 'kelvin'],
    ['42', '42'],
    ['a-b-c', 'a-b-c'],
    ["o'brien", 'o-brien-012345'],
    ['jürgen.müller', 'jurgen-muller-012345'],
    ['anna@uni.test', 'anna-uni-test-012345'],
    ['anna_b', 'anna-b-012345'],
    ['学生', 'user-012345'],
    ['straße', 'strasse-012345'],
    ['ａｎｎａ', 'anna-012345'],
    ['\u212Aelvin', 'kelvin-012345'],
    ['-anna', 'anna-012345'],
    ['anna-', 'anna-012345'],
    ['a--b', 'a-b-012345'],
    ['xn--abc', 'xn-abc-012345'],
    ['../../etc', 'etc-012345'],
    ['', 'user-012345'],
    ['x'.repeat(40), 'x'.repeat(40)],
    ['x'.repeat(41), `${'x'.repeat(33)}-012345`],
    [`${'x'.repeat(32)}.${'y'.repeat(20)}`, `${'x'.repeat(32)}-012345`],
  ])('of %j is %j', (moodleUsername, expected) => {
    expect(first(moodleUsername)).toBe(expected);
    expect(isSafeHubUsername(expected)).toBe(true);
  });
});

describe('the candidates', () => {
  it('never are reserved names, whatever the case of the list', () => {
    expect(hubUsernameCandidates({ moodleUsername: 'admin', hash, reserved: ['ADMIN', 'root'] })).toEqual([
      'admin-012345',
      'admin-0123456789',
    ]);
    expect(first('x', ['x', 'x-012345'])).toBe('x-0123456789');
  });

  it('are at most 40 characters, with a longer hash when a name is taken', () => {
    const candidates = hubUsernameCandidates({ moodleUsername: `${'ü'.repeat(100)}`, hash, reserved: [] });
    expect(candidates).toEqual([`${'u'.repeat(33)}-012345`, `${'u'.repeat(29)}-0123456789`]);
  });
});

it.each(['A', 'a_b', 'a.b', '-a', 'a-', 'a--b', '', 'ä', 'a b', 'a\n', 'x'.repeat(41)])('%j is not safe', (name) => {
  expect(isSafeHubUsername(name)).toBe(false);
});
