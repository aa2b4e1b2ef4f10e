// People, roster, sessions, sign-in state, audit: the ground of the first release.
import { type Kysely, sql } from 'kysely';

const statements = [
  sql`create table platform (
    id bigint generated always as identity primary key,
    issuer text not null unique)`,

  sql`create table person (
    id bigint generated always as identity primary key,
    platform_id bigint not null references platform,
    moodle_id text not null,
    hub_username text,
    moodle_username text not null,
    full_name text not null,
    email text not null,
    lang text not null default 'en',
    suspended boolean not null default false,
    deleted boolean not null default false,
    observed_at timestamptz not null,
    last_signed_in_at timestamptz,
    created_at timestamptz not null default now(),
    unique (platform_id, moodle_id))`,
  // Case-insensitively unique (issue 3): JupyterHub folds names.
  sql`create unique index person_hub_username on person (lower(hub_username))`,

  sql`create table course (
    id bigint generated always as identity primary key,
    platform_id bigint not null references platform,
    moodle_id text not null,
    shortname text not null,
    fullname text not null,
    idnumber text not null default '',
    category_id text not null default '',
    visible boolean not null,
    starts_at timestamptz,
    ends_at timestamptz,
    observed_at timestamptz not null,
    vanished_at timestamptz,
    roster_observed_at timestamptz,
    roster_held_reason text,
    unique (platform_id, moodle_id))`,

  sql`create table course_group (
    id bigint generated always as identity primary key,
    course_id bigint not null references course on delete cascade,
    moodle_id text not null,
    name text not null,
    observed_at timestamptz not null,
    unique (course_id, moodle_id))`,

  sql`create table enrolment (
    id bigint generated always as identity primary key,
    course_id bigint not null references course on delete cascade,
    person_id bigint not null references person,
    role text check (role in ('student', 'assistant', 'instructor')),
    role_shortnames text[] not null default '{}',
    active boolean not null,
    observed_at timestamptz not null,
    unique (course_id, person_id))`,
  sql`create index enrolment_person on enrolment (person_id)`,

  sql`create table enrolment_group (
    enrolment_id bigint not null references enrolment on delete cascade,
    course_group_id bigint not null references course_group on delete cascade,
    primary key (enrolment_id, course_group_id))`,

  sql`create table unmapped_role (
    platform_id bigint not null references platform,
    shortname text not null,
    seen_at timestamptz not null,
    primary key (platform_id, shortname))`,

  sql`create table sync_run (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('site', 'person')),
    started_at timestamptz not null,
    finished_at timestamptz,
    outcome text not null check (outcome in ('running', 'done', 'partial', 'failed')),
    summary jsonb not null default '{}')`,

  sql`create table session (
    id uuid primary key default gen_random_uuid(),
    person_id bigint not null references person,
    hub_username text not null,
    server_name text not null,
    course_id bigint not null references course,
    course_profile_id text not null,
    snapshot jsonb not null,
    pool text,
    gpu_resource text,
    gpu_count integer not null check (gpu_count >= 0),
    gpu_weight double precision not null check (gpu_weight > 0),
    namespace text not null,
    pod text not null,
    request_id text not null unique,
    admitted_at timestamptz not null default now(),
    admission_expires_at timestamptz not null,
    hub_started_at timestamptz,
    first_seen_at timestamptz,
    last_seen_at timestamptz,
    started_at timestamptz,
    must_end_at timestamptz,
    missed_snapshots integer not null default 0,
    gpu_state text,
    pending_reason text,
    pending_since timestamptz,
    stop_at timestamptz,
    stop_reason text,
    stop_started_at timestamptz,
    ended_at timestamptz,
    end_reason text,
    check ((ended_at is null) = (end_reason is null)),
    check (ended_at is null or started_at is null or ended_at >= started_at))`,
  // One run of one server at a time (design 3, Spawn).
  sql`create unique index session_open on session (hub_username, server_name) where ended_at is null`,
  sql`create index session_open_course_profile on session (course_profile_id) where ended_at is null`,
  sql`create index session_person on session (person_id, admitted_at)`,

  sql`create table stop_request (
    id bigint generated always as identity primary key,
    session_id uuid not null references session,
    requested_by text not null,
    message text not null default '',
    created_at timestamptz not null default now(),
    done_at timestamptz)`,
  sql`create index stop_request_open on stop_request (session_id) where done_at is null`,

  sql`create table unmanaged_server (
    hub_username text not null,
    server_name text not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    primary key (hub_username, server_name))`,

  sql`create table oidc_payload (
    model text not null,
    id text not null,
    payload jsonb not null,
    grant_id text,
    uid text,
    user_code text,
    consumed_at timestamptz,
    expires_at timestamptz,
    primary key (model, id))`,
  sql`create index oidc_payload_grant on oidc_payload (grant_id) where grant_id is not null`,
  sql`create unique index oidc_payload_session_uid on oidc_payload (uid) where model = 'Session'`,
  sql`create index oidc_payload_expires on oidc_payload (expires_at)`,

  sql`create table signin_state (
    kind text not null,
    key text not null,
    payload jsonb not null,
    expires_at timestamptz not null,
    primary key (kind, key))`,
  sql`create index signin_state_expires on signin_state (expires_at)`,

  sql`create table audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    actor text not null,
    action text not null,
    subject text not null,
    detail jsonb not null default '{}')`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await statement.execute(db);
}
