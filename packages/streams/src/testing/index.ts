/** `@sluice/streams/testing`: runs a topology in a test, record by record, with no broker and a clock that the test holds; or simulates an application. */
export * from './topology-test-driver.ts'
export * from './test-topics.ts'
export * from './simulator/index.ts'
