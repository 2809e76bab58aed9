/** `@sluice/worker/testing`: requests drawn from the REST contract, for whoever has a worker to try them on. */
export { conforms } from './fuzz-answer.ts'
export { NASTY_NAMES } from './fuzz-request.ts'
export { fuzzRest, type FuzzOptions, type FuzzReport } from './rest-fuzz.ts'
