// The tables, as Kysely sees them. Ids are bigint columns that arrive as strings; times are timestamptz and arrive as Date.
import type { ColumnType, Generated, GeneratedAlways, JSONColumnType } from 'kysely';
import type { CourseRole } from '../domain/courses/course-role.ts';

type Id = GeneratedAlways<string>;
type Now = ColumnType<Date, Date | undefined, Date>;

export interface Database {
  platform: PlatformTable;
  person: PersonTable;
  course: CourseTable;
  course_group: CourseGroupTable;
  enrolment: EnrolmentTable;
  enrolment_group: EnrolmentGroupTable;
  unmapped_role: UnmappedRoleTable;
  sync_run: SyncRunTable;
  session: SessionTable;
  stop_request: StopRequestTable;
  unmanaged_server: UnmanagedServerTable;
  oidc_payload: OidcPayloadTable;
  signin_state: SigninStateTable;
  audit: AuditTable;
}

interface PlatformTable {
  id: Id;
  /** wwwroot, no trailing slash (= LTI issuer). */
  issuer: string;
}

interface PersonTable {
  id: Id;
  platform_id: string;
  moodle_id: string;
  /** null until the first sign-in; then fixed for life. */
  hub_username: string | null;
  moodle_username: string;
  full_name: string;
  email: string;
  lang: string;
  suspended: boolean;
  deleted: boolean;
  /** When Moodle was asked for the columns above; an older answer never overwrites a newer one. */
  observed_at: Date;
  last_signed_in_at: Date | null;
  created_at: Now;
}

interface CourseTable {
  id: Id;
  platform_id: string;
  moodle_id: string;
  shortname: string;
  fullname: string;
  idnumber: string;
  category_id: string;
  visible: boolean;
  starts_at: Date | null;
  ends_at: Date | null;
  /** When Moodle was asked for the columns above. */
  observed_at: Date;
  /** Not in Moodle's list any more since then. */
  vanished_at: Date | null;
  /** When Moodle was asked for the roster that is stored; null = never read. */
  roster_observed_at: Date | null;
  /** Why the newest roster was not applied (a reason code of guard-roster.ts); null = it was. */
  roster_held_reason: string | null;
}

interface CourseGroupTable {
  id: Id;
  course_id: string;
  moodle_id: string;
  name: string;
  observed_at: Date;
}

interface EnrolmentTable {
  id: Id;
  course_id: string;
  person_id: string;
  /** null: no mapped role. */
  role: CourseRole | null;
  role_shortnames: string[];
  active: boolean;
  observed_at: Date;
}

interface EnrolmentGroupTable {
  enrolment_id: string;
  course_group_id: string;
}

interface UnmappedRoleTable {
  platform_id: string;
  shortname: string;
  seen_at: Date;
}

interface SyncRunTable {
  id: Id;
  kind: 'site' | 'person';
  started_at: Date;
  finished_at: Date | null;
  outcome: 'running' | 'done' | 'partial' | 'failed';
  summary: JSONColumnType<Record<string, unknown>>;
}

export interface SessionTable {
  id: Generated<string>;
  person_id: string;
  hub_username: string;
  /** Empty for the default server. */
  server_name: string;
  course_id: string;
  course_profile_id: string;
  /** Profile, GPU resource, policy … as they were when the session was admitted. */
  snapshot: JSONColumnType<Record<string, unknown>>;
  pool: string | null;
  gpu_resource: string | null;
  gpu_count: number;
  gpu_weight: number;
  /** Where readings are found: KubeSpawner's namespace and pod, else `local` and `<user>--<server>`. */
  namespace: string;
  pod: string;
  request_id: string;
  admitted_at: Now;
  /** Without a server by then the admission is released. */
  admission_expires_at: Date;
  /** The hub's own start time: tells this run from a later one of the same name. */
  hub_started_at: Date | null;
  first_seen_at: Date | null;
  last_seen_at: Date | null;
  /** Start of the time held (design 1). */
  started_at: Date | null;
  must_end_at: Date | null;
  /** Good snapshots in a row that did not show the server. */
  missed_snapshots: Generated<number>;
  gpu_state: string | null;
  /** A stop that has been announced, with the time it will happen. */
  pending_reason: string | null;
  pending_since: Date | null;
  stop_at: Date | null;
  /** The stop that the culler has begun. */
  stop_reason: string | null;
  stop_started_at: Date | null;
  ended_at: Date | null;
  end_reason: string | null;
}

interface StopRequestTable {
  id: Id;
  session_id: string;
  requested_by: string;
  message: string;
  created_at: Now;
  done_at: Date | null;
}

interface UnmanagedServerTable {
  hub_username: string;
  server_name: string;
  first_seen_at: Date;
  last_seen_at: Date;
}

interface OidcPayloadTable {
  model: string;
  id: string;
  payload: JSONColumnType<Record<string, unknown>>;
  grant_id: string | null;
  uid: string | null;
  user_code: string | null;
  consumed_at: Date | null;
  expires_at: Date | null;
}

interface SigninStateTable {
  /** What the row is for, e.g. `upstream`, `callback`, `browser`, `switch`, `login_link`. */
  kind: string;
  key: string;
  payload: JSONColumnType<Record<string, unknown>>;
  expires_at: Date;
}

interface AuditTable {
  id: Id;
  at: Now;
  actor: string;
  action: string;
  subject: string;
  detail: JSONColumnType<Record<string, unknown>>;
}
