// Times and durations as people read them, in the site's time zone.

/** "11 Jan 2027, 08:00 (Europe/Berlin)". */
export function timeText(time: Date, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  }).format(time);
  return `${parts} (${timeZone})`;
}

/** "12 Feb 2027". */
export function dateText(time: Date, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone, day: 'numeric', month: 'short', year: 'numeric' }).format(time);
}

/** "14:05" on the day of `now`, else with the date. */
export function clockText(time: Date, now: Date, timeZone: string): string {
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' }).format(time);
  return dateText(time, timeZone) === dateText(now, timeZone) ? clock : `${clock} on ${dateText(time, timeZone)}`;
}

/** "30 min", "4 h", "1 h 30 min", "20 s", "2 days". */
export function durationText(seconds: number): string {
  const units: readonly (readonly [string, string, number])[] = [
    ['day', 'days', 86_400],
    ['h', 'h', 3600],
    ['min', 'min', 60],
    ['s', 's', 1],
  ];
  let left = Math.round(seconds);
  const words: string[] = [];
  for (const [one, many, size] of units) {
    const amount = Math.floor(left / size);
    left -= amount * size;
    if (amount > 0) words.push(`${amount} ${amount === 1 ? one : many}`);
    if (words.length === 2) break;
  }
  return words.join(' ') || '0 s';
}
