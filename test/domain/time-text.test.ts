// Times and durations as people read them.
import { describe, expect, it } from 'vitest';
import { clockText, durationText, timeText } from '../../src/domain/time-text.ts';

describe('durationText', () => {
  it.each([
    [0, '0 s'],
    [20, '20 s'],
    [60, '1 min'],
    [1800, '30 min'],
    [5400, '1 h 30 min'],
    [14_400, '4 h'],
    [86_400, '1 day'],
    [180_061, '2 days 2 h'],
  ])('%d s -> %s', (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });
});

it('names the time zone, also across the change to winter time', () => {
  expect(timeText(new Date('2026-10-25T00:30:00Z'), 'Europe/Berlin')).toBe('25 Oct 2026, 02:30 (Europe/Berlin)');
  expect(timeText(new Date('2026-10-25T01:30:00Z'), 'Europe/Berlin')).toBe('25 Oct 2026, 02:30 (Europe/Berlin)');
});

it('leaves the date out on the same day of the zone', () => {
  const now = new Date('2026-11-24T23:30:00Z');
  expect(clockText(new Date('2026-11-25T10:00:00Z'), now, 'Europe/Berlin')).toBe('11:00');
  expect(clockText(new Date('2026-11-24T22:30:00Z'), now, 'Europe/Berlin')).toBe('23:30 on 24 Nov 2026');
});
