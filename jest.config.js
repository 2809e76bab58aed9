// Three projects: `unit` needs nothing but Node, `vectors` compares with what the Java peers answered,
// `integration` talks to a real Kafka and says so aloud when there is none.
import os from 'node:os'
import { fileURLToPath } from 'node:url'

// Programs that tests start find what those before them have compiled: most of the time of a start.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url))

const shared = {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@sluice/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  setupFilesAfterEnv: ['<rootDir>/deploy/dev/jest-second-try.mjs'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  modulePathIgnorePatterns: ['/dist/', '/\\.sluice/'],
}
const roots = ['<rootDir>/packages', '<rootDir>/connectors', '<rootDir>/processors']
const ignored = ['/node_modules/', '/dist/']

export default {
  // Machines are slow at times; a test that hangs is still told from one that waits its turn.
  testTimeout: 30_000,
  maxConcurrency: 8,
  // Many tests wait most of their time: as many workers as there are cores would wait with them. (jest takes no more than 100 % for a share.)
  maxWorkers: Math.ceil(os.availableParallelism() * 1.5),
  // A worker keeps much of what its tests loaded. Where that is gigabytes, collecting garbage costs more than the tests do.
  workerIdleMemoryLimit: '500MB',
  testSequencer: '<rootDir>/deploy/dev/jest-long-first.mjs',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      roots,
      testMatch: ['**/test/**/*.test.ts'],
      testPathIgnorePatterns: [...ignored, '\\.integration\\.test\\.ts$', '\\.vectors\\.test\\.ts$'],
    },
    {
      ...shared,
      displayName: 'vectors',
      roots,
      testMatch: ['**/test/**/*.vectors.test.ts'],
      testPathIgnorePatterns: ignored,
    },
    {
      ...shared,
      displayName: 'integration',
      roots,
      testMatch: ['**/test/**/*.integration.test.ts'],
      testPathIgnorePatterns: ignored,
      globalSetup: '<rootDir>/deploy/dev/jest-kafka-start.mjs',
      globalTeardown: '<rootDir>/deploy/dev/jest-kafka-stop.mjs',
    },
  ],
}
