// Who the provider speaks about: the person's claims, read fresh at every use.
import type { Account, KoaContextWithOIDC } from 'oidc-provider';
import type { Config } from '../../src/config/config.ts';
import type { Db } from '../../src/database/database.ts';
import { findEnrolments } from '../../src/database/enrolments.ts';
import { findPerson, type Person } from '../../src/database/people.ts';
import { personClaims } from '../../src/domain/people/person-claims.ts';

export type AccountFinder = (ctx: KoaContextWithOIDC, id: string) => Promise<Account | undefined>;

export const isOperator = (config: Config, person: Person): boolean =>
  config.bridge.operators.includes(person.moodleId);

/** Nobody for a suspended or deleted account: its tokens end with it. */
export function createAccountFinder(config: Config, db: Db): AccountFinder {
  return async (_ctx, id) => {
    const person = await findPerson(db, id);
    if (!person?.hubUsername || person.suspended || person.deleted) return undefined;
    const { hubUsername } = person;
    return {
      accountId: person.id,
      claims: async () => ({
        ...personClaims({
          ...person,
          hubUsername,
          isOperator: isOperator(config, person),
          enrolments: await findEnrolments(db, person.id),
        }),
      }),
    };
  };
}
