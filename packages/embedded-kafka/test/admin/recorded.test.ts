/** Administrative requests, answered as Apache Kafka 4.3.1 answered them when they were recorded. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '../../src/embedded-kafka.ts'
import { ADMIN_SCRIPTS, runAdminScript } from './admin-scripts.ts'

const recorded = JSON.parse(readFileSync(new URL('apache-kafka-4-3-1.json', import.meta.url), 'utf8')) as Record<
  string,
  string[]
>

describe('administration, as recorded from Apache Kafka 4.3.1', () => {
  let kafka: EmbeddedKafka

  beforeAll(async () => {
    kafka = await startEmbeddedKafka()
  })
  afterAll(() => kafka.close())

  test.each(Object.keys(ADMIN_SCRIPTS))('%s', async (title) => {
    expect(await runAdminScript(kafka.addresses[0]!.port, title, 'recorded', 0)).toEqual(recorded[title])
  })
})
