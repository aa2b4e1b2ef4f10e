// What `npm run admin -- help` prints.
export const HELP = `usage: npm run admin -- <command>

  login-link <hub username> --config FILE
      Prints a sign-in link for when Moodle is down: it works once, for 5 minutes. Needs DATABASE_URL. Goes into the audit trail.
  keys new [--out FILE]
      Makes the key file of the bridge (COURSEHUB_KEYS or COURSEHUB_KEYS_FILE), to standard output or to FILE.
  keys rotate --in FILE --out FILE
      Puts new keys in front of those of FILE; the last ones stay valid. FILE is not overwritten.
  help
      Prints this.`;
