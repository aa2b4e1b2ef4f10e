// The people of the demo campus and what each of them shows; they exist in test/simulators/moodle/campus-site.ts.

export interface DemoPerson {
  readonly login: string;
  readonly shows: string;
}

export const DEMO_PASSWORD = 'demo';

export const DEMO_PEOPLE: readonly DemoPerson[] = [
  { login: 'student1', shows: 'a student with a GPU course (DL202) and a CPU course (DS101)' },
  { login: 'student2', shows: 'a student without a GPU course' },
  { login: 'student3', shows: 'a student of the group DL 2, who may also take 2 GPUs' },
  { login: 'teacher1', shows: 'an instructor of both courses' },
  { login: 'susenrol1', shows: 'an enrolment that is suspended: signs in, gets nothing from DL202' },
  { login: 'future1', shows: 'an enrolment that has not begun' },
  { login: 'suspended1', shows: 'a suspended account: Moodle itself refuses' },
  { login: "o'brien", shows: 'a name that is not safe for Kubernetes' },
  { login: '学生', shows: 'a name in another script' },
  { login: 'gpuadmin', shows: 'an operator: admin of the hub, by Moodle id' },
];
