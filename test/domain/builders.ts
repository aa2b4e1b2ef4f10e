// Builders of domain values: a test shows only what matters to it.
import type { Course, Enrolment } from '../../src/domain/courses/course.ts';
import type { CourseRole } from '../../src/domain/courses/course-role.ts';
import { courseGroupId, courseId, courseProfileId, personId } from '../../src/domain/ids.ts';
import type { ClusterNode, ClusterPod } from '../../src/domain/profiles/cluster.ts';
import type { CourseProfile, CourseProfileRule, Pool, Profile } from '../../src/domain/profiles/profile.ts';

export const aCourse = (change: Partial<Course> = {}): Course => ({
  id: courseId(12),
  moodleId: '3',
  shortname: 'DL202',
  fullname: 'Deep Learning',
  idnumber: '',
  categoryId: '1',
  visible: true,
  startsAt: null,
  endsAt: null,
  ...change,
});

export interface EnrolmentChange {
  readonly role?: CourseRole | null;
  readonly active?: boolean;
  readonly course?: Course;
  readonly groups?: readonly string[];
}

export const anEnrolment = ({
  role = 'student',
  active = true,
  course = aCourse(),
  groups = [],
}: EnrolmentChange = {}): Enrolment => ({
  personId: personId(1),
  course,
  role,
  active,
  groups: groups.map((name, index) => ({ id: courseGroupId(index + 1), name })),
});

export const aProfile = (change: Partial<Profile> = {}): Profile => ({
  slug: 'gpu-small',
  title: '1 GPU',
  description: '',
  image: null,
  cpu: { guarantee: null, limit: null },
  memory: { guarantee: null, limit: null },
  gpu: { pool: 'gpu', count: 1, weight: 1 },
  environment: {},
  defaultUrl: null,
  startTimeoutSeconds: 300,
  volumes: [],
  idle: {
    idleAfterSeconds: 3600,
    gpuIdleAfterSeconds: 1800,
    gpuIdleThresholdPercent: 2,
    unknownLimitSeconds: 21_600,
    sessionLimitSeconds: null,
    graceSeconds: 600,
  },
  ...change,
});

export const aPool = (change: Partial<Pool> = {}): Pool => ({
  name: 'gpu',
  title: 'H100 80 GB',
  resource: 'nvidia.com/gpu',
  capacity: null,
  nodeSelector: {},
  tolerations: [],
  ...change,
});

export const aRule = (change: Partial<CourseProfileRule> = {}): CourseProfileRule => ({
  id: 'gpu',
  match: { shortname: 'DL202' },
  profile: aProfile(),
  audience: { roles: ['student', 'assistant', 'instructor'], groups: [] },
  opensAt: null,
  closesAt: null,
  maxSessionsPerPerson: null,
  maxSessionsPerCourse: null,
  ...change,
});

export const aCourseProfile = (change: Partial<CourseProfile> = {}): CourseProfile => {
  const { audience, opensAt, closesAt, maxSessionsPerPerson, maxSessionsPerCourse, profile } = aRule();
  return {
    id: courseProfileId('12-gpu'),
    courseId: courseId(12),
    rule: aRule(),
    profile,
    audience,
    opensAt,
    closesAt,
    maxSessionsPerPerson,
    maxSessionsPerCourse,
    ...change,
  };
};

/** Runs on `gpu-1` with one GPU. */
export const aPod = (change: Partial<ClusterPod> = {}): ClusterPod => ({
  namespace: 'campus',
  name: 'jupyter-ann',
  server: { hubUsername: 'ann', serverName: '' },
  sessionId: null,
  requests: { 'nvidia.com/gpu': 1 },
  nodeSelector: {},
  nodeName: 'gpu-1',
  createdAt: new Date('2026-11-25T08:00:00Z'),
  scheduledAt: new Date('2026-11-25T08:00:01Z'),
  ending: false,
  placeholder: false,
  wait: null,
  ...change,
});

/** Waits at the scheduler. */
export const aWaitingPod = (message: string, change: Partial<ClusterPod> = {}): ClusterPod =>
  aPod({
    nodeName: null,
    scheduledAt: null,
    wait: { kind: 'unschedulable', message, since: new Date('2026-11-25T08:00:00Z') },
    ...change,
  });

export const aNode = (change: Partial<ClusterNode> = {}): ClusterNode => ({
  name: 'gpu-1',
  labels: {},
  usable: true,
  taints: [],
  allocatable: { 'nvidia.com/gpu': 8 },
  ...change,
});
