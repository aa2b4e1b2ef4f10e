// Starts moodle-sync alone.
import { startCommand } from '../../src/runtime/start-process.ts';
import { createMoodleSync } from './create-moodle-sync.ts';

await startCommand(
  {
    name: 'moodle-sync',
    services: ['moodle-sync'],
    create: (environment) => [createMoodleSync(environment)],
  },
  process.argv.slice(2),
  process.env,
);
