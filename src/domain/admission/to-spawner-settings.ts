// Turns an admitted course profile into settings of a spawner, named as KubeSpawner's traits (integration.md 3.3).
import type { CourseProfile, Pool, Profile, ProfileVolume, Toleration } from '../profiles/profile.ts';

/** Plain values; the glue escapes what KubeSpawner would format, and drops what its spawner cannot do. */
export interface SpawnerSettings {
  readonly image?: string;
  readonly cpu_guarantee?: number;
  readonly cpu_limit?: number;
  readonly mem_guarantee?: string;
  readonly mem_limit?: string;
  readonly extra_resource_limits?: Readonly<Record<string, string>>;
  readonly extra_resource_guarantees?: Readonly<Record<string, string>>;
  readonly node_selector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  readonly volumes?: readonly Record<string, unknown>[];
  readonly volume_mounts?: readonly Record<string, unknown>[];
  readonly environment: Readonly<Record<string, string>>;
  readonly extra_labels: Readonly<Record<string, string>>;
  readonly extra_annotations: Readonly<Record<string, string>>;
  readonly extra_pod_config?: Readonly<Record<string, unknown>>;
  readonly start_timeout: number;
  readonly default_url?: string;
}

export interface SettingsInput {
  readonly courseProfile: CourseProfile;
  readonly course: { readonly id: string; readonly shortname: string };
  readonly pool: Pool | null;
  readonly sessionId: string;
}

export function toSpawnerSettings({ courseProfile, course, pool, sessionId }: SettingsInput): SpawnerSettings {
  const { profile } = courseProfile;
  return {
    ...resources(profile),
    ...placement(profile, pool),
    ...volumes(profile.volumes),
    environment: {
      ...profile.environment,
      COURSEHUB_COURSE: course.shortname,
      COURSEHUB_COURSE_PROFILE: courseProfile.id,
    },
    // Ids only: a label must not hold a course's name (integration.md 3.5).
    extra_labels: {
      'coursehub.dev/session': sessionId,
      'coursehub.dev/course': course.id,
      'coursehub.dev/course-profile': courseProfile.id,
    },
    extra_annotations: { 'coursehub.dev/session': sessionId, 'coursehub.dev/course-shortname': course.shortname },
    ...deadline(profile),
    start_timeout: profile.startTimeoutSeconds,
    ...(profile.defaultUrl === null ? {} : { default_url: profile.defaultUrl }),
  };
}

function resources(profile: Profile): Partial<SpawnerSettings> {
  return {
    ...(profile.image === null ? {} : { image: profile.image }),
    ...(profile.cpu.guarantee === null ? {} : { cpu_guarantee: profile.cpu.guarantee }),
    ...(profile.cpu.limit === null ? {} : { cpu_limit: profile.cpu.limit }),
    ...(profile.memory.guarantee === null ? {} : { mem_guarantee: profile.memory.guarantee }),
    ...(profile.memory.limit === null ? {} : { mem_limit: profile.memory.limit }),
  };
}

/** An extended resource must have equal request and limit. */
function placement(profile: Profile, pool: Pool | null): Partial<SpawnerSettings> {
  if (!profile.gpu || !pool) return {};
  const amount = { [pool.resource]: String(profile.gpu.count) };
  return {
    extra_resource_limits: amount,
    extra_resource_guarantees: amount,
    node_selector: pool.nodeSelector,
    tolerations: pool.tolerations,
  };
}

function volumes(list: readonly ProfileVolume[]): Partial<SpawnerSettings> {
  if (list.length === 0) return {};
  return {
    volumes: list.map((volume) =>
      volume.kind === 'shared-memory'
        ? {
            name: volume.name,
            emptyDir: { medium: 'Memory', ...(volume.sizeLimit === null ? {} : { sizeLimit: `${volume.sizeLimit}i` }) },
          }
        : { name: volume.name, persistentVolumeClaim: { claimName: volume.claimName, readOnly: true } },
    ),
    volume_mounts: list.map((volume) => ({
      name: volume.name,
      mountPath: volume.mountPath,
      ...(volume.kind === 'claim' ? { readOnly: true } : {}),
      ...(volume.kind === 'claim' && volume.subPath !== null ? { subPath: volume.subPath } : {}),
    })),
  };
}

/** Kubernetes counts from the pod's acceptance, before its image is pulled; the culler from the hub's start, and it looks every so often. */
const DEADLINE_SLACK_SECONDS = 1800;

/**
 * A culler that is down must not hold GPUs for a weekend (design 3): Kubernetes itself ends the pod. Later than the culler would: a pod that Kubernetes
 * ended looks like one that failed, and the person would not read why.
 */
function deadline(profile: Profile): Partial<SpawnerSettings> {
  const { sessionLimitSeconds, graceSeconds } = profile.idle;
  return sessionLimitSeconds === null
    ? {}
    : {
        extra_pod_config: {
          activeDeadlineSeconds: Math.ceil(sessionLimitSeconds + graceSeconds) + DEADLINE_SLACK_SECONDS,
        },
      };
}
