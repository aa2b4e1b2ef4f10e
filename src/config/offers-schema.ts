// The keys of pools, profiles and course profiles: what the campus offers, to whom and for how long.
import { z } from 'zod';
import { COURSE_ROLES } from '../domain/courses/course-role.ts';
import { duration, positiveDuration } from './duration.ts';
import { cores, memory } from './quantity.ts';

export const slug = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/, 'use 1 to 40 of a-z, 0-9 and "-", not at the ends')
  .describe('A short name: a-z, 0-9 and "-".');
const instant = z.iso
  .datetime({ offset: true, error: 'must be a time with its zone, e.g. "2027-02-12T23:59:00+01:00"' })
  .transform((text) => new Date(text));

export const pool = z.strictObject({
  title: z.string().min(1).describe('What people read, e.g. "H100 80 GB".'),
  resource: z.string().default('nvidia.com/gpu').describe('Extended resource of Kubernetes.'),
  capacity: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('GPUs of the pool. Given: admission refuses when they are all taken. Absent: Kubernetes queues.'),
  nodeSelector: z.record(z.string(), z.string()).default({}),
  tolerations: z
    .array(
      z.strictObject({
        key: z.string().optional(),
        operator: z.enum(['Exists', 'Equal']).optional(),
        value: z.string().optional(),
        effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
      }),
    )
    .default([]),
});

const idle = z
  .strictObject({
    idleAfter: positiveDuration
      .nullable()
      .prefault('1h')
      .describe('Stop without activity for this long (GPU idle or none). null: never.'),
    gpuIdleAfter: positiveDuration
      .nullable()
      .prefault('30m')
      .describe('Stop when the GPU was idle for this whole time, whatever tabs are open. null: never.'),
    gpuIdleThresholdPercent: z.number().min(0).max(100).default(2).describe('Utilisation up to this counts as idle.'),
    unknownLimit: positiveDuration
      .nullable()
      .prefault('6h')
      .describe('Stop without activity for this long when GPU readings are missing. null: never.'),
    sessionLimit: positiveDuration.nullable().default(null).describe('No session runs longer. null: no limit.'),
    grace: duration.prefault('30m').describe('Between the announcement of a stop and the stop.'),
  })
  .prefault({});

const mountPath = z.string().startsWith('/');
const volume = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('shared-memory'),
    name: slug,
    sizeLimit: memory.nullable().default(null),
    mountPath: mountPath.default('/dev/shm'),
  }),
  z.strictObject({
    kind: z.literal('claim'),
    name: slug,
    claimName: z.string().min(1),
    subPath: z.string().nullable().default(null),
    mountPath,
  }),
]);

export const profile = z.strictObject({
  title: z.string().min(1),
  description: z.string().default(''),
  image: z.string().nullable().default(null).describe("Container image; null keeps the hub's default."),
  cpu: z
    .strictObject({ guarantee: cores.nullable().default(null), limit: cores.nullable().default(null) })
    .prefault({}),
  memory: z
    .strictObject({ guarantee: memory.nullable().default(null), limit: memory.nullable().default(null) })
    .prefault({}),
  gpu: z
    .strictObject({
      pool: slug.describe('A key of `pools`.'),
      count: z.int().positive().default(1),
      weight: z
        .number()
        .positive()
        .default(1)
        .describe('GPU-hours count this much per GPU and hour: less than 1 for a slice.'),
    })
    .nullable()
    .default(null),
  environment: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string())
    .default({})
    .describe('Environment of the server. Not for secrets: the person reads it.'),
  defaultUrl: z.string().startsWith('/').nullable().default(null),
  startTimeout: positiveDuration.prefault('5m').describe('How long a start may take.'),
  volumes: z.array(volume).default([]).describe('Shared memory, or data for reading only.'),
  idle,
});

export const courseProfile = z.strictObject({
  id: slug.describe('Part of the course profile id, with the course: choose it once.'),
  course: z
    .strictObject({
      id: z
        .union([z.int().positive(), z.string().regex(/^\d+$/)])
        .transform(String)
        .optional()
        .describe('Moodle course id.'),
      shortname: z.string().min(1).optional().describe('Short name; "*" stands for any characters.'),
      idnumber: z.string().min(1).optional().describe('ID number; "*" as above.'),
      category: z
        .union([z.int().positive(), z.string().regex(/^\d+$/)])
        .transform(String)
        .optional()
        .describe('Moodle category id.'),
    })
    .refine(
      (match) => Object.values(match).some((value) => value !== undefined),
      'name the course by id, shortname, idnumber or category',
    ),
  profile: slug.describe('A key of `profiles`.'),
  roles: z
    .array(z.enum(COURSE_ROLES))
    .min(1)
    .default([...COURSE_ROLES])
    .describe('Who gets it.'),
  groups: z
    .array(z.string().min(1))
    .default([])
    .describe('Students only of these Moodle groups (by name). Empty: all.'),
  opensAt: instant.nullable().default(null),
  closesAt: instant.nullable().default(null),
  maxSessionsPerPerson: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('Sessions of this course profile that one person may have at once.'),
  maxSessionsPerCourse: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('Sessions of this course profile in the course at once.'),
});
