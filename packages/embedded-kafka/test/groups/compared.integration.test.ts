/** The same conversations about groups with the embedded broker and with Apache Kafka: the same answers. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Compared, peer, startCompared } from '../support/compared.ts'
import { GROUP_SCRIPTS, NEEDS_KAFKA_4, runGroupScript } from './group-scripts.ts'

const onKafka = peer === undefined ? describe.skip : describe

onKafka('groups answer as Apache Kafka does (needs SLUICE_TEST_KAFKA)', () => {
  let compared: Compared

  beforeAll(async () => {
    compared = await startCompared()
  })
  afterAll(async () => {
    await compared[Symbol.asyncDispose]()
  })

  test.each(Object.keys(GROUP_SCRIPTS))('%s', async (title) => {
    if (NEEDS_KAFKA_4.has(title) && compared.transactionVersion < 2) return
    const suffix = `compared-${Date.now().toString(36)}`
    const theirs = await runGroupScript(compared.peerPort, title, suffix, compared.host)
    const ours = await runGroupScript(compared.embeddedPort, title, suffix)
    expect(ours).toEqual(theirs)
    expect(ours.length).toBeGreaterThan(0)
  })
})
