// Makes the HTML of the start form out of decided offers; JupyterHub puts it into its own page and form.
import path from 'node:path';
import { Eta } from 'eta';
import type { Config } from '../../src/config/config.ts';
import { findLatestSession, type SessionForForm } from '../../src/database/admissions.ts';
import type { Db } from '../../src/database/database.ts';
import { describeEnd } from '../../src/domain/culling/describe-end.ts';
import { arrangeForm, type FormCourse, type FormOffer } from '../../src/domain/profiles/arrange-form.ts';
import type { Pool } from '../../src/domain/profiles/profile.ts';
import type { SessionSnapshot } from '../../src/domain/profiles/session-snapshot.ts';
import { clockText, dateText } from '../../src/domain/time-text.ts';
import { describeProfile } from './describe-profile.ts';
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
}

export interface FormPage {
  readonly outcome: 'offers' | 'nothing' | 'unknown_person';
  readonly html: string;
}

export async function renderForm({ db, config, now, user, serverName, offers }: FormInput): Promise<FormPage> {
  const courses = arrangeForm(offers.decided);
  const latest = offers.person ? await findLatestSession(db, offers.person.id, serverName) : null;
  const { timeZone, contact } = config.site;
  const someChoice = courses.some((course) => course.offers.some((offer) => offer.refusal === null));
  const html = eta.render('form', {
    fullName: offers.person?.fullName ?? null,
    user,
    hubUrl: config.hub.publicUrl,
    timeZone,
    contact,
    suspended: offers.person !== null && (offers.person.suspended || offers.person.deleted),
    someChoice,
    notice: noticeOf(latest, now, timeZone),
    courses: courses.map((course, index) =>
      toCard(course, index, config, someChoice ? firstChoice(courses) : null, now),
    ),
  });
  return { outcome: !offers.person ? 'unknown_person' : someChoice ? 'offers' : 'nothing', html };
}

const firstChoice = (courses: readonly FormCourse[]): string | null =>
  courses.flatMap((course) => course.offers).find((offer) => offer.refusal === null)?.courseProfile.id ?? null;

function toCard(
  { enrolment, offers, note }: FormCourse,
  index: number,
  config: Config,
  chosen: string | null,
  now: Date,
): object {
  const ends = offers.flatMap(({ courseProfile }) =>
    courseProfile.closesAt && courseProfile.closesAt > now ? [courseProfile.closesAt.getTime()] : [],
  );
  return {
    key: `course-${index}`,
    shortname: enrolment.course.shortname,
    fullname: enrolment.course.fullname,
    until:
      ends.length > 0 && ends.length === offers.length
        ? `until ${dateText(new Date(Math.max(...ends)), config.site.timeZone)}`
        : '',
    note,
    offers: offers.map((offer) => toRow(offer, config.pools, chosen)),
  };
}

const BADGES: Readonly<Record<string, string>> = {
  other_group: 'other group',
  not_open_yet: 'not open yet',
  closed: 'closed',
  person_limit: 'already running',
  course_limit: 'all taken',
  pool_full: 'all taken',
};

function toRow({ courseProfile, refusal }: FormOffer, pools: readonly Pool[], chosen: string | null): object {
  const pool = pools.find((candidate) => candidate.name === courseProfile.profile.gpu?.pool) ?? null;
  return {
    id: courseProfile.id,
    title: courseProfile.profile.title,
    spec: describeProfile(courseProfile.profile, pool),
    refusal: refusal?.message ?? null,
    badge: refusal ? (BADGES[refusal.reason] ?? 'not available') : null,
    checked: courseProfile.id === chosen,
  };
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
