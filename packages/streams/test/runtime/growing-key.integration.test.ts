/** A key whose row grows without end, until its changelog does not take it. `SLUICE_TEST_KAFKA` names a Kafka. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect, type Kafka } from '@sluice/kafka'
import { MemoryMetrics, silentLogger } from '@sluice/sdk'
import { KafkaStreams, Serdes, StreamsBuilder, streamsSettings } from '../../src/index.ts'
import { readCommitted } from '../support/read-committed.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe
const text = { key: Serdes.string, value: Serdes.string }

onABroker('a row that grows without end (needs SLUICE_TEST_KAFKA)', () => {
  let kafka: Kafka
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'sluice-growing-'))
    kafka = await connect({ bootstrapServers: address })
  })
  afterAll(async () => {
    await kafka.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each(['exactly_once_v2', 'at_least_once'])(
    '%s: ends the run when its changelog does not take it any more, and says which; nothing is lost',
    async (guarantee) => {
      const name = `growing-${randomUUID().slice(0, 8)}`
      const input = { topic: `${name}.in`, partition: 0 }
      await kafka.admin.ensureTopics([{ topic: input.topic, partitions: 1 }])
      const producer = kafka.producer()
      const put = async (count: number): Promise<void> => {
        const value = Buffer.from('x'.repeat(5_000))
        const record = { ...input, key: Buffer.from('grows'), value, timestamp: 1, headers: null }
        await producer.produce(Array.from({ length: count }, () => record))
      }
      const run = async (largest: string): Promise<void> => {
        const builder = new StreamsBuilder()
        builder
          .stream(input.topic, text)
          .groupByKey()
          .reduce((all, one) => `${all}${one}`, { materialized: { name: 'all' } })
        const settings = streamsSettings.parse({
          'application.id': name,
          'processing.guarantee': guarantee,
          'commit.interval.ms': '50',
          'retry.backoff.ms': '10',
          'producer.max.request.size': largest,
          'state.dir': path.join(folder, name),
        })
        const ports = { kafka, logger: silentLogger, metrics: new MemoryMetrics() }
        await new KafkaStreams(builder.build(), settings, ports).run({ until: 'end' })
      }
      const committed = async (): Promise<number | undefined> =>
        (await kafka.groupOffsets(name).committed([input]))[0]?.offset

      await put(10)
      await run('3000')
      expect(await committed()).toBe(10)
      await put(10)
      const changelog = `${name}-all-changelog`
      await expect(run('3000')).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE', place: { topic: changelog } })
      expect(await committed()).toBe(10)
      await run('300000')
      expect(await committed()).toBe(20)
      expect((await readCommitted(kafka, changelog)).at(-1)!.value).toHaveLength(100_000)
      await producer.close()
    },
    90_000,
  )
})
