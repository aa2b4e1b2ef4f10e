// A sign-in from the provider's interaction to its end: Moodle, person, roster, gate, switch of persons, back to the client (design 3).
import { createHash, randomBytes } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Config } from '../../src/config/config.ts';
import { type Db, databaseNow } from '../../src/database/database.ts';
import { findEnrolments } from '../../src/database/enrolments.ts';
import {
  allocateHubUsername,
  ensurePlatform,
  findPerson,
  markSignedIn,
  type Person,
  upsertSignedInPerson,
} from '../../src/database/people.ts';
import { putSigninState } from '../../src/database/signin-state.ts';
import { decideGate, gateFacts } from '../../src/domain/people/decide-gate.ts';
import { hubUsernameCandidates } from '../../src/domain/people/hub-username.ts';
import type { MoodleAccount } from '../../src/domain/people/moodle-account.ts';
import { isOperator } from './account-finder.ts';
import { takeCallback } from './callback.ts';
import { SIGNIN_LIFETIME_SECONDS } from './create-provider.ts';
import type { PassKind, PersonSwitch } from './person-switch.ts';
import type { Interaction, Provider } from './provider-types.ts';
import type { RefreshRoster } from './refresh-roster.ts';
import { type SigninFacts, SigninRefusal } from './signin-refusal.ts';
import type { ReportSignin } from './signin-report.ts';
import type { Upstream } from './upstream.ts';

export interface SigninFlowOptions {
  readonly config: Config;
  readonly db: Db;
  readonly provider: Provider;
  readonly upstream: Upstream;
  readonly personSwitch: PersonSwitch;
  readonly refreshRoster: RefreshRoster;
  readonly report: ReportSignin;
}

export interface SigninFlow {
  /** GET /interaction/:uid */
  readonly begin: RequestHandler<{ uid: string }>;
  /** GET /interaction/:uid/finish */
  readonly finish: RequestHandler<{ uid: string }>;
}

const MOODLE_AWAY =
  'Moodle cannot be reached at the moment, so nobody can be signed in. Servers that run go on running. Please try again in a few minutes.';

export function createSigninFlow(options: SigninFlowOptions): SigninFlow {
  const { db, provider, upstream, personSwitch } = options;
  /** Throws SessionNotFound without the interaction's cookie. */
  const interactionOf = async (req: Request<{ uid: string }>, res: Response): Promise<Interaction> => {
    const interaction = await provider.interactionDetails(req, res);
    if (interaction.uid !== req.params.uid)
      throw new SigninRefusal('other_browser', { detail: 'ob_interaction names another interaction' });
    return interaction;
  };
  return {
    async begin(req, res) {
      const interaction = await interactionOf(req, res);
      const pass = await personSwitch.takePass(req, res);
      if (pass !== null) {
        const person = await findPerson(db, pass.personId);
        if (person === null) throw new Error(`person ${pass.personId} of a pass is gone`);
        await complete(options, req, res, interaction, person, pass.kind);
        return;
      }
      const fault = await upstream.checkReachable();
      if (fault !== null)
        throw new SigninRefusal('upstream_error', { reason: 'unreachable', detail: fault }, MOODLE_AWAY);
      // Hex survives Moodle's handling of state (moodle.md 1.7).
      const state = randomBytes(24).toString('hex');
      await putSigninState(db, 'upstream', state, { uid: interaction.uid }, SIGNIN_LIFETIME_SECONDS);
      res.redirect(303, upstream.authorizeUrl(state));
    },
    async finish(req, res) {
      const interaction = await interactionOf(req, res);
      const person = await identify(options, req, interaction);
      await complete(options, req, res, interaction, person, null);
    },
  };
}

/** Redeems what Moodle sent and finds or makes the person. */
async function identify(
  options: SigninFlowOptions,
  req: Request<{ uid: string }>,
  interaction: Interaction,
): Promise<Person> {
  const { db, config, upstream } = options;
  const parameters = await takeCallback(db, req.query['state'], interaction.uid);
  // Before Moodle is asked: an older answer must never overwrite a newer one.
  const observedAt = await databaseNow(db);
  const identified = await upstream.identify(parameters);
  if (identified.outcome === 'denied') throw new SigninRefusal('upstream_denied', { detail: identified.detail });
  if (identified.outcome === 'failed')
    throw new SigninRefusal('upstream_error', { reason: identified.reason, detail: identified.detail });
  const platformId = await ensurePlatform(db, config.moodle.wwwroot);
  const person = await upsertSignedInPerson(db, platformId, identified.account, observedAt);
  return person.hubUsername === null ? giveHubUsername(options, person, identified.account) : person;
}

async function giveHubUsername(options: SigninFlowOptions, person: Person, account: MoodleAccount): Promise<Person> {
  const { db, config } = options;
  const own = createHash('sha256').update(`${config.moodle.wwwroot} ${account.moodleId}`).digest('hex');
  // The second try is for a name that somebody has taken on purpose: nobody can foresee a random one.
  for (const hash of [own, randomBytes(16).toString('hex')]) {
    const candidates = hubUsernameCandidates({
      moodleUsername: account.username,
      hash,
      reserved: config.bridge.reservedHubUsernames,
    });
    const hubUsername = await allocateHubUsername(db, person.id, candidates);
    if (hubUsername !== null) return { ...person, hubUsername };
  }
  throw new Error(`no hub username is free for person ${person.id}`);
}

/** @param pass how the person was proven when Moodle was not asked. */
async function complete(
  options: SigninFlowOptions,
  req: Request,
  res: Response,
  interaction: Interaction,
  person: Person,
  pass: PassKind | null,
): Promise<void> {
  const { db, provider, personSwitch, report } = options;
  const facts: SigninFacts = {
    person_id: person.id,
    hub_username: person.hubUsername ?? undefined,
    client_id: String(interaction.params['client_id'] ?? ''),
  };
  await requireAdmitted(options, person, facts);
  if (pass !== 'switch' && (await personSwitch.isAnother(req, res, person.id))) {
    report('switched_person', facts);
    await personSwitch.hop(req, res, person.id, interaction);
    return;
  }
  personSwitch.remember(res, person.id);
  await markSignedIn(db, person.id);
  report(pass === 'login_link' ? 'login_link' : 'signed_in', facts);
  await provider.interactionFinished(req, res, { login: { accountId: person.id } }, { mergeWithLastSubmission: false });
}

/** Suspension and the gate, by the roster as it is now. */
async function requireAdmitted(options: SigninFlowOptions, person: Person, facts: SigninFacts): Promise<void> {
  const { db, config } = options;
  const refresh = await options.refreshRoster(person.id);
  const current = (await findPerson(db, person.id)) ?? person;
  if (refresh.suspended || current.suspended || current.deleted) throw new SigninRefusal('refused_suspended', facts);
  const enrolments = await findEnrolments(db, person.id);
  const gate = decideGate(config.bridge.gate, gateFacts(enrolments, config.rules, isOperator(config, current)));
  if (gate.outcome === 'refused')
    throw new SigninRefusal('refused_gate', { ...facts, reason: gate.reason }, gate.message);
}
