// What user_info says is believed only when it can be an account that lives (moodle.md 1.9).
import { describe, expect, it } from 'vitest';
import { examineMoodleAccount } from '../../../src/domain/people/moodle-account.ts';

const good = { id: '3', username: 'student1', firstName: 'S', lastName: 'One', email: 's@uni.test', lang: 'de' };

describe('an account', () => {
  it('is believed when all is there', () => {
    expect(examineMoodleAccount(good)).toEqual({
      outcome: 'believable',
      account: { moodleId: '3', username: 'student1', fullName: 'S One', email: 's@uni.test', lang: 'de' },
    });
    expect(examineMoodleAccount({ ...good, username: 'anna@uni.test' }).outcome).toBe('believable');
  });

  it.each([
    ['bad_id', { id: '' }],
    ['bad_id', { id: '0' }],
    ['bad_id', { id: '3x' }],
    ['bad_id', { id: '1'.repeat(19) }],
    ['no_username', { username: '' }],
    ['guest', { username: 'guest' }],
    ['no_email', { email: '' }],
    ['deleted_account', { username: 'student41@uni.test.1795492095', email: 'd41d8cd98f00b204e9800998ecf8427e' }],
    ['deleted_account', { email: 'd41d8cd98f00b204e9800998ecf8427e' }],
  ])('is not: %s %j', (reason, change) => {
    expect(examineMoodleAccount({ ...good, ...change })).toEqual({ outcome: 'doubtful', reason });
  });
});
