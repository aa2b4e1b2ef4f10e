// What `npm run admin -- help` prints.
export const HELP = `usage: npm run admin -- <command>

  login-link <hub username> --config FILE
      Prints a sign-in link for when Moodle is down: it works once, for 5 minutes. Needs DATABASE_URL. Goes into the audit trail.
  keys new [--out FILE]
      Makes the key file of the bridge (COURSEHUB_KEYS or COURSEHUB_KEYS_FILE), to standard output or to FILE.
  keys rotate --in FILE --out FILE
      Puts new keys in front of those of FILE; the last ones stay valid. FILE is not overwritten.
  migrate --config FILE [--wait SECONDS]
      Waits for the database (60 seconds unless told) and brings its schema up to date. Needs DATABASE_URL. Every service does it at its start, too.
  probe --config FILE [--ops ADDRESS,ADDRESS…] [--bridge ADDRESS] [--hub ADDRESS] [--person HUB-USERNAME]
      Asks each service whether it is ready, and begins a sign-in at the hub; with --person signs this person in by a login link (needs DATABASE_URL).
      The addresses are those inside a cluster. The Helm chart's \`helm test\`.
  help
      Prints this.`;
