import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect, type Kafka } from '@sluice/kafka'
import { MemoryMetrics, silentLogger } from '@sluice/sdk'
import { KafkaStreams, Serdes, StreamsBuilder, streamsSettings } from '../../src/index.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe
const COUNT = 400
const KEYS = 9

onABroker('calls that take their time (needs SLUICE_TEST_KAFKA)', () => {
  let kafka: Kafka
  beforeAll(async () => {
    kafka = await connect({ bootstrapServers: address })
  })
  afterAll(() => kafka.close())

  test('exactly once: a run that a call stops is begun again at the last commit; each result is there once, in the order of its key', async () => {
    const application = `asking-${randomUUID().slice(0, 8)}`
    const [input, output] = [`${application}.in`, `${application}.out`]
    await kafka.admin.ensureTopics([
      { topic: input, partitions: 2 },
      { topic: output, partitions: 2 },
    ])
    const producer = kafka.producer()
    await producer.produce(
      Array.from({ length: COUNT }, (_, i) => ({
        topic: input,
        partition: null,
        key: Buffer.from(`k${i % KEYS}`),
        value: Buffer.from(String(i)),
        headers: null,
        timestamp: i,
      })),
    )
    await producer.close()
    let begun = 0
    const run = async (failsAt: number): Promise<void> => {
      const builder = new StreamsBuilder()
      builder
        .stream(input, { key: Serdes.string, value: Serdes.string })
        .mapValuesAsync(async (value) => {
          begun += 1
          await sleep(Number(value) % 7)
          if (Number(value) === failsAt) throw new Error('out of order')
          return `${value}!`
        })
        .to(output, { key: Serdes.string, value: Serdes.string })
      const settings = streamsSettings.parse({
        'application.id': application,
        'commit.interval.ms': '20',
        'processing.guarantee': 'exactly_once_v2',
        'processing.exception.handler': 'fail',
        'group.instance.id': application,
      })
      const ports = { kafka, logger: silentLogger, metrics: new MemoryMetrics() }
      await new KafkaStreams(builder.build(), settings, ports).run({ until: 'end' })
    }
    await expect(run(Math.floor(COUNT / 2))).rejects.toMatchObject({ code: 'TASK_FAILED' })
    expect(begun).toBeLessThan(COUNT)
    await run(-1)

    const read: string[] = []
    const fetcher = kafka.fetcher({ isolation: 'read_committed' })
    fetcher.assign([0, 1].map((partition) => ({ topic: output, partition, offset: 0 })))
    for (let until = Date.now() + 30_000; read.length < COUNT && Date.now() < until;)
      for (const { batches } of await fetcher.poll(500))
        for (const batch of batches)
          for (let i = 0; i < batch.count; i++)
            read.push(`${Buffer.from(batch.key(i)!).toString()}:${Buffer.from(batch.value(i)!).toString()}`)
    await fetcher.close()
    for (let key = 0; key < KEYS; key++) {
      const expected = Array.from({ length: COUNT }, (_, i) => i).filter((i) => i % KEYS === key)
      expect(read.filter((one) => one.startsWith(`k${key}:`))).toEqual(expected.map((i) => `k${key}:${i}!`))
    }
    expect(read).toHaveLength(COUNT)
  })
})
