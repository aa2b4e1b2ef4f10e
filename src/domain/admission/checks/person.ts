// Check: the hub user is a person that coursehub knows, and Moodle has not shut the account.
import { type AdmissionFacts, type Denial, deny } from '../admission.ts';

export function checkPerson({ person, contact }: AdmissionFacts): Denial | null {
  if (!person)
    return deny(
      'person_unknown',
      'Your account is not known from Moodle yet: log out, sign in again, and try once more.',
    );
  if (person.suspended || person.deleted) {
    return deny(
      'account_suspended',
      `Your Moodle account is suspended or deleted, so no server can start.${contact ? ` Please contact ${contact}.` : ''}`,
    );
  }
  return null;
}
