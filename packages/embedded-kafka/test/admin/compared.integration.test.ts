/** The same requests to the embedded broker and to Apache Kafka: the same answers. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Compared, peer, startCompared } from '../support/compared.ts'
import { ADMIN_SCRIPTS, runAdminScript } from './admin-scripts.ts'

/** How long a busy Apache Kafka may take until its broker knows what its controller decided. */
const SETTLE_MS = 1000
const onKafka = peer === undefined ? describe.skip : describe

onKafka('administration answers as Apache Kafka 4.3 does (needs SLUICE_TEST_KAFKA)', () => {
  let compared: Compared

  beforeAll(async () => {
    compared = await startCompared()
  })
  afterAll(async () => {
    await compared[Symbol.asyncDispose]()
  })

  test.each(Object.keys(ADMIN_SCRIPTS))('%s', async (title) => {
    // Settings and their limits are those of 4.3.
    if (compared.transactionVersion < 2) return
    const suffix = Date.now().toString(36)
    const theirs = await runAdminScript(compared.peerPort, title, suffix, SETTLE_MS)
    const ours = await runAdminScript(compared.embeddedPort, title, suffix, 0)
    expect(ours).toEqual(theirs)
    expect(ours.length).toBeGreaterThan(0)
  })
})
