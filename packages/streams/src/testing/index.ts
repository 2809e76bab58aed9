/** `@sluice/streams/testing`: runs a topology in a test, record by record, with no broker and a clock that the test holds. */
export * from './topology-test-driver.ts'
export * from './test-topics.ts'
