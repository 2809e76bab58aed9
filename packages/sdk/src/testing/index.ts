/** For tests of connectors: contract suites, and a worker's surroundings in memory. Needs no broker and no test runner. */
export type { Test } from './assertions.ts'
export * from './fake-clock.ts'
export * from './fake-contexts.ts'
export * from './memory-logger.ts'
export * from './sink-contract.ts'
export * from './sink-run.ts'
export * from './source-contract.ts'
export * from './source-run.ts'
