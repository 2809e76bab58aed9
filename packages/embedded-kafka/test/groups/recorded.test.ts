/** Conversations about groups, and what Apache Kafka 4.3.1 said in them (`test/support/record-transcripts.ts` asks it again). */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '../../src/embedded-kafka.ts'
import { GROUP_SCRIPTS, runGroupScript } from './group-scripts.ts'

const path = new URL('apache-kafka-4-3-1.json', import.meta.url)
const recorded = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, string[]>>

describe('groups answer as Apache Kafka 4.3.1 did', () => {
  let kafka: EmbeddedKafka
  beforeAll(async () => {
    kafka = await startEmbeddedKafka()
  })
  afterAll(() => kafka.close())

  test.each(Object.keys(GROUP_SCRIPTS))('%s', async (title) => {
    const ours = await runGroupScript(kafka.addresses[0]!.port, title, 'recorded')
    expect(recorded[title]?.length).toBeGreaterThan(0)
    expect(ours).toEqual(recorded[title])
  })
})
