// Makes the HTML of the start form out of decided offers; JupyterHub puts it into its own page and form.
import path from 'node:path';
import { Eta } from 'eta';
import type { Config } from '../../src/config/config.ts';
import { findLatestSession, type SessionForForm } from '../../src/database/admissions.ts';
import type { Db } from '../../src/database/database.ts';
import { describeEnd } from '../../src/domain/culling/describe-end.ts';
import { arrangeForm, type FormCourse, type FormOffer } from '../../src/domain/profiles/arrange-form.ts';
import { describeWaits } from '../../src/domain/profiles/describe-wait.ts';
import { countFreeGpus, type PoolState } from '../../src/domain/profiles/free-gpus.ts';
import type { CourseProfile, Pool } from '../../src/domain/profiles/profile.ts';
import type { SessionSnapshot } from '../../src/domain/profiles/session-snapshot.ts';
import { clockText, dateText } from '../../src/domain/time-text.ts';
import type { ClusterView } from '../../src/kubernetes/cluster-view.ts';
import { describeProfile } from './describe-profile.ts';
import { freeBadge } from './free-badge.ts';
import type { PersonalOffers } from './load-offers.ts';

/** Escapes everything that is printed: names come from Moodle. */
const eta = new Eta({ views: path.join(import.meta.dirname, 'views'), autoEscape: true, cache: true });

export interface FormInput {
  readonly db: Db;
  readonly config: Config;
  readonly now: Date;
  readonly user: string;
  readonly serverName: string;
  readonly offers: PersonalOffers;
  /** null: there is no Kubernetes. */
  readonly cluster: ClusterView | null;
}

export interface FormPage {
  readonly outcome: 'offers' | 'nothing' | 'unknown_person';
  readonly html: string;
}

export async function renderForm(input: FormInput): Promise<FormPage> {
  const { db, config, now, user, serverName, offers, cluster } = input;
  const courses = arrangeForm(offers.decided);
  const latest = offers.person ? await findLatestSession(db, offers.person.id, serverName) : null;
  const { timeZone, contact } = config.site;
  const someChoice = courses.some((course) => course.offers.some((offer) => offer.refusal === null));
  const context: CardContext = {
    config,
    chosen: someChoice ? firstChoice(courses) : null,
    poolStates: poolStatesOf(input),
  };
  const html = eta.render('form', {
    fullName: offers.person?.fullName ?? null,
    user,
    hubUrl: config.hub.publicUrl,
    timeZone,
    contact,
    suspended: offers.person !== null && (offers.person.suspended || offers.person.deleted),
    someChoice,
    notice: noticeOf(latest, now, timeZone),
    waits: describeWaits(cluster?.pods() ?? [], user, now, timeZone),
    courses: courses.map((course, index) => toCard(course, index, context)),
  });
  return { outcome: !offers.person ? 'unknown_person' : someChoice ? 'offers' : 'nothing', html };
}

const firstChoice = (courses: readonly FormCourse[]): string | null =>
  courses.flatMap((course) => course.offers).find((offer) => offer.refusal === null)?.courseProfile.id ?? null;

interface CardContext {
  readonly config: Config;
  readonly chosen: string | null;
  readonly poolStates: ReadonlyMap<string, PoolState>;
}

function poolStatesOf({ config, user, serverName, offers, cluster }: FormInput): ReadonlyMap<string, PoolState> {
  return countFreeGpus({
    pools: config.pools,
    sessionGpus: offers.poolGpus,
    replaced: { hubUsername: user, serverName },
    pods: cluster?.pods() ?? null,
    occupants: cluster?.occupants() ?? null,
    nodes: cluster?.nodes() ?? null,
    nodesExpected: cluster?.nodesExpected ?? false,
  });
}

function toCard({ enrolment, offers, note }: FormCourse, index: number, context: CardContext): object {
  return {
    key: `course-${index}`,
    shortname: enrolment.course.shortname,
    fullname: enrolment.course.fullname,
    note,
    offers: offers.map((offer) => toRow(offer, context)),
  };
}

function toRow({ courseProfile, refusal }: FormOffer, { config, chosen, poolStates }: CardContext): object {
  const { profile, closesAt } = courseProfile;
  const pool: Pool | null = config.pools.find(({ name }) => name === profile.gpu?.pool) ?? null;
  return {
    id: courseProfile.id,
    title: profile.title,
    spec: describeProfile(profile, pool),
    refusal: refusal?.message ?? null,
    badge: refusal
      ? { text: badgeOf(courseProfile, refusal.reason), look: 'secondary' }
      : profile.gpu && pool && freeBadge(profile.gpu, pool, poolStates.get(pool.name)),
    until: closesAt && !refusal ? `until ${dateText(closesAt, config.site.timeZone)}` : '',
    checked: courseProfile.id === chosen,
  };
}

function badgeOf({ audience }: CourseProfile, reason: string): string {
  switch (reason) {
    case 'other_group':
      return `${audience.groups.length === 1 ? 'group' : 'groups'} ${audience.groups.join(', ')} only`;
    case 'not_open_yet':
      return 'not open yet';
    case 'closed':
      return 'closed';
    case 'person_limit':
      return 'already running';
    case 'course_limit':
    case 'pool_full':
      return 'all taken';
    default:
      return 'not available';
  }
}

/** Why the last session ended, or that the running one will be stopped soon. */
function noticeOf(session: SessionForForm | null, now: Date, timeZone: string): string | null {
  if (!session) return null;
  const { profile, course } = session.snapshot as SessionSnapshot;
  if (session.endedAt && session.endReason) {
    return describeEnd(
      {
        ...profile.idle,
        endReason: session.endReason,
        endedAt: session.endedAt,
        profileTitle: profile.title,
        courseShortname: course.shortname,
      },
      now,
      timeZone,
    );
  }
  if (session.pendingReason && session.stopAt)
    return `Your running session (${profile.title} in ${course.shortname}) will be stopped at ${clockText(session.stopAt, now, timeZone)} unless its use resumes.`;
  return null;
}
