/** The same conversations with the embedded broker and with Apache Kafka: the same answers. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Compared, peer, startCompared } from '../support/compared.ts'
import { SCRIPTS, runScript } from './transaction-scripts.ts'

const onKafka = peer === undefined ? describe.skip : describe

onKafka('transactions answer as Apache Kafka does (needs SLUICE_TEST_KAFKA)', () => {
  let compared: Compared

  beforeAll(async () => {
    compared = await startCompared()
  })
  afterAll(async () => {
    await compared[Symbol.asyncDispose]()
  })

  test.each(Object.keys(SCRIPTS))('%s', async (title) => {
    if (SCRIPTS[title]!.needs > compared.transactionVersion) return
    const suffix = `compared-${Date.now().toString(36)}`
    const theirs = await runScript(compared.peerPort, title, suffix)
    const ours = await runScript(compared.embeddedPort, title, suffix)
    expect(ours).toEqual(theirs)
    expect(ours.length).toBeGreaterThan(0)
  })
})
