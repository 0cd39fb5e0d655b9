import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/postgres.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores: more files at once only make each other late.
    maxWorkers: 2,
    // Piscina and onnxruntime-node start threads of their own, so test files run in processes.
    pool: 'forks',
  },
  // One copy of graphql: vite and Node would otherwise load its ESM and CommonJS builds side by side.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
});
