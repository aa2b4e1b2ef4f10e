// Moodle's web-service exceptions. They are answered with HTTP 200; only `errorcode` is stable across versions (moodle.md 2.1).
import { CAPABILITY_NAMES } from './capabilities.ts';

export class WebServiceError extends Error {
  readonly exception: string;
  readonly errorcode: string;

  constructor(exception: string, errorcode: string, message: string) {
    super(message);
    this.exception = exception;
    this.errorcode = errorcode;
  }
}

export const invalidToken = (): WebServiceError =>
  new WebServiceError('core\\exception\\moodle_exception', 'invalidtoken', 'Invalid token - token not found');

/** Also for a function outside the service, a disabled service, a foreign address and an expired token. */
export const accessException = (): WebServiceError =>
  new WebServiceError('webservice_access_exception', 'accessexception', 'Access control exception');

export const userSuspended = (username: string): WebServiceError =>
  new WebServiceError(
    'core\\exception\\moodle_exception',
    'wsaccessusersuspended',
    `Refused web service access for suspended username: ${username}`,
  );

export const invalidParameter = (): WebServiceError =>
  new WebServiceError(
    'core\\exception\\invalid_parameter_exception',
    'invalidparameter',
    'Invalid parameter value detected',
  );

export const missingRecord = (table: string): WebServiceError =>
  new WebServiceError(
    'dml_missing_record_exception',
    'invalidrecord',
    `Can't find data record in database table ${table}.`,
  );

export const courseNotAccessible = (courseId: number): WebServiceError =>
  new WebServiceError(
    'core\\exception\\moodle_exception',
    'errorcoursecontextnotvalid',
    `You cannot execute functions in the course context (course id:${courseId}). The context error message was: Course or activity not accessible.`,
  );

export const missingCapability = (capability: string): WebServiceError =>
  new WebServiceError(
    'core\\exception\\required_capability_exception',
    'nopermissions',
    `Sorry, but you do not currently have permissions to do that (${CAPABILITY_NAMES[capability] ?? capability}).`,
  );

export const codingError = (sentence: string): WebServiceError =>
  new WebServiceError(
    'core\\exception\\coding_exception',
    'codingerror',
    `Coding error detected, it must be fixed by a programmer: ${sentence}`,
  );

/** No Moodle says this: the function is in the service's list, and the simulator does not have it. */
export const notSimulated = (name: string): WebServiceError =>
  new WebServiceError('simulator_exception', 'notsimulated', `The Moodle simulator does not know ${name}.`);
