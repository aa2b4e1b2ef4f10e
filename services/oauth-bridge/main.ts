// Starts the oauth-bridge alone.
import { startCommand } from '../../src/runtime/start-process.ts';
import { createOauthBridge } from './create-oauth-bridge.ts';

await startCommand(
  { name: 'oauth-bridge', services: ['oauth-bridge'], create: (environment) => [createOauthBridge(environment)] },
  process.argv.slice(2),
  process.env,
);
