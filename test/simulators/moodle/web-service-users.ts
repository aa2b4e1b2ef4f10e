// core_user_get_users_by_field, core_user_get_users, and what a caller may see of a person (moodle.md 2.4, 2.9).
import { isCourseContactAnywhere } from './capabilities.ts';
import type { MoodleUser } from './model.ts';
import { may, pictureUrls, type WebServiceCall, type WebServiceFunction } from './web-service-call.ts';
import { codingError, invalidParameter, WebServiceError } from './web-service-errors.ts';
import { list, record, text } from './web-service-parameters.ts';

export type Visibility = 'full' | 'contact' | 'none';

/** Without user:viewdetails only course contacts are left, with nothing but id and name (measured: 41 -> 2). */
export function visibilityOf(call: WebServiceCall, user: MoodleUser, courseId?: number): Visibility {
  if (user.id === call.caller.userId || may(call, 'moodle/user:viewdetails', courseId)) return 'full';
  return isCourseContactAnywhere(call.site, user.id) && courseId !== undefined ? 'contact' : 'none';
}

const present = (name: string, value: string): Record<string, string> => (value === '' ? {} : { [name]: value });

/** Fields that participants lists and user lists share, in Moodle's order up to the access times. */
export function personFields(call: WebServiceCall, user: MoodleUser, courseId?: number): Record<string, unknown> {
  const self = user.id === call.caller.userId;
  const all = self || may(call, 'moodle/user:viewalldetails', courseId);
  // site:viewfullnames is asked even about oneself (ws_err_missing_cap_get_users.json).
  const names = may(call, 'moodle/site:viewfullnames', courseId);
  const email =
    self ||
    may(call, 'moodle/site:viewuseridentity', courseId) ||
    (courseId !== undefined && may(call, 'moodle/course:useremail', courseId));
  return {
    id: user.id,
    ...(all ? { username: user.username } : {}),
    ...(names ? { firstname: user.firstName, lastname: user.lastName } : {}),
    fullname: `${user.firstName} ${user.lastName}`,
    ...(email ? { email: user.email } : {}),
    ...(all ? present('address', user.address) : {}),
    ...(all ? present('phone1', user.phone1) : {}),
    ...(all ? { department: user.department } : {}),
    ...(all ? present('institution', user.institution) : {}),
    ...(all ? present('idnumber', user.idnumber) : {}),
    firstaccess: user.firstAccess,
    lastaccess: user.lastAccess,
  };
}

export function descriptionFields(user: MoodleUser): object {
  const description = user.cleanedDescription;
  return description === null ? {} : { description, descriptionformat: 1 };
}

function userItem(call: WebServiceCall, user: MoodleUser): object {
  const self = user.id === call.caller.userId;
  const all = self || may(call, 'moodle/user:viewalldetails');
  return {
    ...personFields(call, user),
    ...(all ? { auth: user.auth } : {}),
    suspended: user.suspended,
    ...(all ? { confirmed: true, lang: user.lang, theme: '', timezone: '99', mailformat: 1, trackforums: 0 } : {}),
    ...descriptionFields(user),
    ...pictureUrls(call),
    ...(user.country === '' ? {} : { country: user.country }),
    ...(self && user.preferences.length > 0 ? { preferences: user.preferences } : {}),
  };
}

const visibleUsers = (call: WebServiceCall, users: MoodleUser[]): object[] =>
  users
    .sort((a, b) => a.id - b.id)
    .filter((user) => visibilityOf(call, user) === 'full')
    .map((user) => userItem(call, user));

/** Moodle cleans each value and compares: what cleaning changes fails the whole call, except an e-mail, which is skipped (moodle.md 2.4). */
function cleanValue(field: string, value: string): string | undefined {
  if (field === 'id' && !/^\d+$/.test(value)) throw invalidParameter();
  if (field === 'username' && (value !== value.toLowerCase() || /[\s<>"&/:]/.test(value))) throw invalidParameter();
  if (field === 'email' && !/^[^\s@]+@[^\s@]+$/.test(value)) return undefined;
  return value === '' ? undefined : field === 'email' ? value.toLowerCase() : value;
}

/** field=id also returns deleted people, mangled and without a flag; the others no longer match them. */
const getUsersByField: WebServiceFunction = {
  parameters: { field: text(), values: list(text()) },
  run(call, { field, values }: { field: string; values: string[] }) {
    const read: Record<string, (user: MoodleUser) => string> = {
      id: (user) => String(user.id),
      idnumber: (user) => user.idnumber,
      username: (user) => user.username,
      email: (user) => user.email.toLowerCase(),
    };
    const fieldOf = read[field];
    if (fieldOf === undefined) throw codingError('invalid field parameter');
    const wanted = new Set(values.flatMap((value) => cleanValue(field, value) ?? []));
    return visibleUsers(
      call,
      [...call.site.users.values()].filter((user) => wanted.has(fieldOf(user)) && (field === 'id' || !user.deleted)),
    );
  },
};

function like(pattern: string): (value: string) => boolean {
  const escaped = pattern
    .replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('%', '.*')
    .replaceAll('_', '.');
  const expression = new RegExp(`^${escaped}$`, 'isu');
  return (value) => expression.test(value);
}

/** `%` is a wildcard for names and e-mail only (moodle.md 2.4). */
function criterion(call: WebServiceCall, key: string, value: string): ((user: MoodleUser) => boolean) | undefined {
  switch (key) {
    case 'id':
      return (user) => String(user.id) === value;
    case 'idnumber':
      return (user) => user.idnumber === value;
    case 'username':
      return (user) => user.username === value;
    case 'auth':
      return (user) => user.auth === value;
    case 'firstname':
      return (user) => like(value)(user.firstName);
    case 'lastname':
      return (user) => like(value)(user.lastName);
    case 'email': {
      const sees = may(call, 'moodle/site:viewuseridentity');
      return (user) => (sees || user.id === call.caller.userId) && like(value)(user.email);
    }
    default:
      return undefined;
  }
}

const getUsers: WebServiceFunction = {
  parameters: { criteria: list(record({ key: text(), value: text() })) },
  run(call, { criteria }: { criteria: { key: string; value: string }[] }) {
    const keys = criteria.map(({ key }) => key);
    const twice = keys.find((key, index) => keys.indexOf(key) !== index);
    if (twice !== undefined)
      throw new WebServiceError('core\\exception\\moodle_exception', 'keyalreadyset', 'error/keyalreadyset');
    const tests = criteria.map(({ key, value }) => criterion(call, key, value));
    const warnings = keys
      .filter((_, index) => tests[index] === undefined)
      .map((key) => ({
        item: key,
        warningcode: 'invalidfieldparameter',
        message: `The search key '${key}' is not supported, look at the web service documentation`,
      }));
    const users = [...call.site.users.values()].filter(
      (user) => !user.deleted && tests.every((test) => test === undefined || test(user)),
    );
    return { users: visibleUsers(call, users), warnings };
  },
};

export const USER_FUNCTIONS: Readonly<Record<string, WebServiceFunction>> = {
  core_user_get_users_by_field: getUsersByField,
  core_user_get_users: getUsers,
};
