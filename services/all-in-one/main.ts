// Starts the four services in one process: laptops, demos, small sites.
import { SERVICES } from '../../src/config/config.ts';
import { startCommand } from '../../src/runtime/start-process.ts';
import { createCourseProfiles } from '../course-profiles/create-course-profiles.ts';
import { createIdleCuller } from '../idle-culler/create-idle-culler.ts';
import { createMoodleSync } from '../moodle-sync/create-moodle-sync.ts';
import { createOauthBridge } from '../oauth-bridge/create-oauth-bridge.ts';

await startCommand(
  {
    name: 'all-in-one',
    services: SERVICES,
    create: (environment) => [
      createCourseProfiles(environment),
      createMoodleSync(environment),
      createOauthBridge(environment),
      createIdleCuller(environment),
    ],
  },
  process.argv.slice(2),
  process.env,
);
