// Starts course-profiles alone.
import '../../src/runtime/small-heap.ts';
import { startCommand } from '../../src/runtime/start-process.ts';
import { createCourseProfiles } from './create-course-profiles.ts';

await startCommand(
  {
    name: 'course-profiles',
    services: ['course-profiles'],
    create: (environment) => [createCourseProfiles(environment)],
  },
  process.argv.slice(2),
  process.env,
);
