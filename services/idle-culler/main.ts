// Starts idle-culler alone.
import { startCommand } from '../../src/runtime/start-process.ts';
import { createIdleCuller } from './create-idle-culler.ts';

await startCommand(
  {
    name: 'idle-culler',
    services: ['idle-culler'],
    create: (environment) => [createIdleCuller(environment)],
  },
  process.argv.slice(2),
  process.env,
);
