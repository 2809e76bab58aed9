// Where SLUICE_TEST_TRIES is 2 (in `.ci/run`), a test that failed is tried once more: hundreds of tests talk to real sockets and processes on
// machines that stand still at times. Which ones needed it is said aloud there (`.ci/second-tries.mjs`), with why the first try failed.
import { jest } from '@jest/globals'

const tries = Number(process.env.SLUICE_TEST_TRIES ?? 1)
if (tries > 1) jest.retryTimes(tries - 1, { logErrorsBeforeRetry: true })
