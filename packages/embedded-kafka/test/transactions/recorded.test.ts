/** Conversations about transactions, answered as Apache Kafka 4.3.1 answered them when they were recorded. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '../../src/embedded-kafka.ts'
import { SCRIPTS, runScript } from './transaction-scripts.ts'

const recorded = JSON.parse(readFileSync(new URL('apache-kafka-4-3-1.json', import.meta.url), 'utf8')) as Record<
  string,
  string[]
>

describe('transactions, as recorded from Apache Kafka 4.3.1', () => {
  let kafka: EmbeddedKafka

  beforeAll(async () => {
    kafka = await startEmbeddedKafka()
  })
  afterAll(() => kafka.close())

  test.each(Object.keys(SCRIPTS))('%s', async (title) => {
    expect(await runScript(kafka.addresses[0]!.port, title, 'recorded')).toEqual(recorded[title])
  })
})
