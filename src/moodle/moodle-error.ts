// The ways in which Moodle's web services fail, each with a sentence for the operator. Moodle's errors are HTTP 200; only `errorcode` is matched (moodle.md 2.1).

export type MoodleErrorKind = 'unreachable' | 'moved' | 'maintenance' | 'web-services-off' | 'refused' | 'malformed';

/** Never carries the request: its body holds the token. */
export class MoodleError extends Error {
  readonly kind: MoodleErrorKind;
  /** Moodle's own code when kind is `refused`, else null. */
  readonly errorcode: string | null;
  /** The web-service function that was called. */
  readonly wsFunction: string;
  constructor(kind: MoodleErrorKind, wsFunction: string, sentence: string, errorcode: string | null = null) {
    super(sentence);
    this.name = 'MoodleError';
    this.kind = kind;
    this.wsFunction = wsFunction;
    this.errorcode = errorcode;
  }
}

/** Faults of the whole site or account: the next course would fail in the same way. */
export function concernsWholeSite(error: MoodleError): boolean {
  if (error.kind === 'refused') return SITE_WIDE_CODES.has(error.errorcode ?? '');
  return error.kind !== 'malformed';
}

/** Moodle does not answer for now; nothing is set up wrongly. */
export const isOutage = (error: MoodleError): boolean => error.kind === 'unreachable' || error.kind === 'maintenance';

/** Our own code, where Moodle keeps something back without an error. */
export const HIDDEN_FIELDS = 'hiddenfields';

const SITE_WIDE_CODES = new Set([
  'invalidtoken',
  'accessexception',
  'wsaccessusersuspended',
  'wsaccessusernologin',
  HIDDEN_FIELDS,
]);

const CODE_SENTENCES: Readonly<Record<string, string>> = {
  invalidtoken:
    'Moodle does not know this token (invalidtoken): set MOODLE_TOKEN to the token of the service account, made in Site administration > Server > Web services > Manage tokens; an expired token is deleted by Moodle.',
  accessexception:
    'Moodle refuses the access (accessexception): the token is expired or bound to another IP address, the service is disabled, its user is not among the authorised users, or the function is not in the service.',
  wsaccessusersuspended:
    'The account of the token is suspended in Moodle (wsaccessusersuspended): make it active, or set MOODLE_TOKEN to the token of another service account.',
  wsaccessusernologin:
    'The account of the token uses the authentication "No login" (wsaccessusernologin): give it "Web services authentication".',
  errorcoursecontextnotvalid:
    'The service account cannot see a course (errorcoursecontextnotvalid): its role at system level needs moodle/course:view and moodle/course:viewhiddencourses.',
  invalidrecord: 'Moodle has no such course or function (invalidrecord).',
};

export function refusedError(wsFunction: string, errorcode: string, message: string): MoodleError {
  const sentence = CODE_SENTENCES[errorcode] ?? `Moodle answered "${message.slice(0, 200)}" (${errorcode}).`;
  return new MoodleError('refused', wsFunction, sentence, errorcode);
}
