// How `npm test` runs: one embedded PostgreSQL for the whole run (test/support/global-setup.ts), files side by side.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They need a Kubernetes control plane: npm run test:cluster.
    exclude: ['test/cluster/**'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
