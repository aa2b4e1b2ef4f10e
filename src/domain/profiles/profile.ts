// The nouns of what a server can be: profile, pool, course profile rule, course profile.
import type { CourseRole } from '../courses/course-role.ts';
import type { CourseId, CourseProfileId } from '../ids.ts';

/** A kind of server that operators offer. */
export interface Profile {
  readonly slug: string;
  readonly title: string;
  readonly description: string;
  readonly image: string | null;
  readonly cpu: { readonly guarantee: number | null; readonly limit: number | null };
  /** Kubernetes quantities, e.g. "8G". */
  readonly memory: { readonly guarantee: string | null; readonly limit: string | null };
  readonly gpu: GpuRequest | null;
  readonly environment: Readonly<Record<string, string>>;
  readonly defaultUrl: string | null;
  readonly startTimeoutSeconds: number;
  readonly volumes: readonly ProfileVolume[];
  readonly idle: IdlePolicy;
}

export interface GpuRequest {
  readonly pool: string;
  readonly count: number;
  /** GPU-hours count `count x weight x time`; 1 for a whole card. */
  readonly weight: number;
}

/** From the operators' list: shared memory, or read-only course data. */
export type ProfileVolume =
  | {
      readonly kind: 'shared-memory';
      readonly name: string;
      readonly sizeLimit: string | null;
      readonly mountPath: string;
    }
  | {
      readonly kind: 'claim';
      readonly name: string;
      readonly claimName: string;
      readonly subPath: string | null;
      readonly mountPath: string;
    };

/** When a session of this profile is stopped (design 3, Meter and stop). null switches a rule off. */
export interface IdlePolicy {
  readonly idleAfterSeconds: number | null;
  readonly gpuIdleAfterSeconds: number | null;
  /** A card's utilisation at or under this percentage counts as idle. */
  readonly gpuIdleThresholdPercent: number;
  readonly unknownLimitSeconds: number | null;
  readonly sessionLimitSeconds: number | null;
  readonly graceSeconds: number;
}

/** A GPU resource on some nodes. With a capacity admission denies when it is full; without, Kubernetes queues. */
export interface Pool {
  readonly name: string;
  readonly title: string;
  /** Extended resource, e.g. "nvidia.com/gpu". */
  readonly resource: string;
  readonly capacity: number | null;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
}

export interface Toleration {
  readonly key?: string | undefined;
  readonly operator?: 'Exists' | 'Equal' | undefined;
  readonly value?: string | undefined;
  readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute' | undefined;
}

/** Which courses a rule means; every field that is given must match. */
export interface CourseMatch {
  readonly moodleId?: string | undefined;
  /** `*` matches any run of characters; case matters not. */
  readonly shortname?: string | undefined;
  readonly idnumber?: string | undefined;
  readonly categoryId?: string | undefined;
}

export interface Audience {
  readonly roles: readonly CourseRole[];
  /** Names of Moodle groups of the course; empty = no limit by group. Instructors and assistants are not limited by group. */
  readonly groups: readonly string[];
}

/** A config rule: gives a profile to every course that it matches. */
export interface CourseProfileRule {
  readonly id: string;
  readonly match: CourseMatch;
  readonly profile: Profile;
  readonly audience: Audience;
  readonly opensAt: Date | null;
  readonly closesAt: Date | null;
  /** Open sessions of this course profile at once. */
  readonly maxSessionsPerPerson: number | null;
  readonly maxSessionsPerCourse: number | null;
}

/** A profile as one course gets it. */
export interface CourseProfile {
  readonly id: CourseProfileId;
  readonly courseId: CourseId;
  readonly rule: CourseProfileRule;
  readonly profile: Profile;
  readonly audience: Audience;
  readonly opensAt: Date | null;
  readonly closesAt: Date | null;
  readonly maxSessionsPerPerson: number | null;
  readonly maxSessionsPerCourse: number | null;
}
