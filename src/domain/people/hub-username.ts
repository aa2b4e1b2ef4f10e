// Decides which hub usernames a person may get, best first. Allocation (the unique index) takes the first that is free.

const MAX_LENGTH = 40;
const HASH_LENGTHS = [6, 10] as const;
const SAFE = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/**
 * Safe for JupyterHub (which folds case), for Kubernetes names and labels, for host names (`subdomain_host`) and URLs, without any escaping.
 * No double "-": KubeSpawner 7 uses "--" and "---" as separators of its own, and "xn--" would be read as an encoded host name.
 */
export const isSafeHubUsername = (name: string): boolean => name.length <= MAX_LENGTH && SAFE.test(name);

export interface UsernameWish {
  readonly moodleUsername: string;
  /** At least 10 of a-z, 0-9; another one for each person. */
  readonly hash: string;
  /** Never given to anybody (config `bridge.reservedHubUsernames`); case matters not. */
  readonly reserved: readonly string[];
}

/** The lower-case Moodle username when it is safe and not reserved, then a readable form with 6, then with 10 characters of the hash. */
export function hubUsernameCandidates(wish: UsernameWish): readonly string[] {
  const reserved = new Set(wish.reserved.map((name) => name.toLowerCase()));
  const readable = toReadable(wish.moodleUsername);
  const candidates = HASH_LENGTHS.map((length) => withHash(readable, wish.hash.slice(0, length)));
  // Only ASCII letters are folded: the Kelvin sign (U+212A) must not become somebody's "k".
  const plain = wish.moodleUsername.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  if (isSafeHubUsername(plain)) candidates.unshift(plain);
  return candidates.filter((name) => !reserved.has(name));
}

/** `jürgen.müller` -> `jurgen-muller`, `o'brien` -> `o-brien`, `学生` -> `user`. */
function toReadable(text: string): string {
  const ascii = text
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{Mark}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return ascii || 'user';
}

function withHash(readable: string, hash: string): string {
  const stem = readable.slice(0, MAX_LENGTH - 1 - hash.length).replace(/-$/, '');
  return `${stem}-${hash}`;
}
