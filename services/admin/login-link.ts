// login-link: lets one person sign in while Moodle is down; one use, five minutes, audited (design 3, Sign-in).
import { userInfo } from 'node:os';
import path from 'node:path';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Environment } from '../../src/config/secrets.ts';
import { recordAudit } from '../../src/database/audit.ts';
import { type Db, openDatabase } from '../../src/database/database.ts';
import { findPersonByHubUsername } from '../../src/database/enrolments.ts';
import { putSigninState } from '../../src/database/signin-state.ts';
import { hashToken, randomToken } from '../../src/http/one-time-token.ts';
import { CommandFault, parseArguments } from './command-fault.ts';

const LINK_SECONDS = 300;

export async function runLoginLink(args: readonly string[], env: Environment): Promise<string> {
  const { values, positionals } = parseArguments(args, ['config']);
  const [hubUsername, ...extra] = positionals;
  if (!hubUsername || extra.length > 0 || !values['config'])
    throw new CommandFault(2, 'login-link: say login-link <hub username> --config FILE');
  const { config, secrets } = loadConfig(path.resolve(values['config']), env, []);
  const db = openDatabase(
    { url: secrets.databaseUrl ?? '', maxConnections: 2, applicationName: 'coursehub admin' },
    () => undefined,
  );
  try {
    const link = await createLoginLink(db, config.bridge.publicUrl, hubUsername);
    return `${link}\nIt works once, within 5 minutes. Give it to ${hubUsername} only: whoever opens it is that person.`;
  } finally {
    await db.destroy();
  }
}

/** Stores the hash only: who reads the database cannot use the link. */
export async function createLoginLink(db: Db, bridgeUrl: string, hubUsername: string): Promise<string> {
  const person = await findPersonByHubUsername(db, hubUsername);
  if (!person)
    throw new CommandFault(1, `Nobody has the hub username "${hubUsername}": it is made at a person's first sign-in.`);
  if (person.suspended || person.deleted)
    throw new CommandFault(1, `The Moodle account of ${person.hubUsername} is suspended or deleted: no link is made.`);
  const token = randomToken();
  await putSigninState(db, 'login_link', hashToken(token), { personId: person.id }, LINK_SECONDS);
  await recordAudit(db, {
    actor: 'command-line',
    action: 'login_link_made',
    subject: `person:${person.id}`,
    detail: { hub_username: person.hubUsername, made_by: osUser() },
  });
  return `${bridgeUrl}/login-link/${token}`;
}

/** Who typed it, as far as the system knows; containers may have no such user. */
function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
