import assert from 'node:assert/strict'
import type { Kafka } from '../port.ts'
import type { WithKafka } from './port-contract.ts'
import { record } from './port-fixture.ts'

const values = (kafka: Kafka, group: string, clientId: string): Readonly<Record<string, number>> =>
  kafka.metrics().find((one) => one.group === group && one.tags['client-id'] === clientId)?.values ?? {}

export function metricsContract(withKafka: WithKafka): void {
  withKafka("a producer counts its records under Kafka's names", async ({ kafka, topic }) => {
    const name = await topic(2)
    const producer = kafka.producer({ clientId: 'counting-producer' })
    const records = [0, 1, 2, 3, 4].map((i) => record(name, { partition: i % 2, value: `v${i}` }))
    await producer.produce(records)
    const found = values(kafka, 'producer-metrics', 'counting-producer')
    assert.equal(found['record-send-total']! - found['record-retry-total']!, 5)
    assert.equal(found['record-error-total'], 0)
    assert.ok(found['connection-count']! >= 1)
    assert.equal(found['requests-in-flight'], 0)
    assert.equal(found['buffer-available-bytes'], found['buffer-total-bytes'])
    assert.ok(found['batch-size-avg']! > 61, 'a batch has a header of 61 bytes')
    assert.ok(found['request-latency-max']! > 0)
    await producer.close()
    assert.deepEqual(values(kafka, 'producer-metrics', 'counting-producer'), {})
  })

  withKafka('a fetcher counts its records, and how far it is behind', async ({ kafka, topic }) => {
    const name = await topic()
    const producer = kafka.producer()
    await producer.produce([0, 1, 2, 3].map((i) => record(name, { partition: 0, key: 'k', value: `v${i}` })))
    await producer.close()
    const fetcher = kafka.fetcher({ clientId: 'counting-fetcher' })
    fetcher.assign([{ topic: name, partition: 0, offset: 1 }])
    while (fetcher.position({ topic: name, partition: 0 })! < 4) await fetcher.poll(1000)
    const found = values(kafka, 'consumer-fetch-manager-metrics', 'counting-fetcher')
    assert.equal(found['records-consumed-total'], 3)
    assert.ok(found['bytes-consumed-total']! >= 9 && found['bytes-consumed-total']! < 100)
    assert.equal(found['records-lag-max'], 0)
    assert.ok(found['fetch-total']! >= 1)
    const partition = kafka.metrics().find(({ tags }) => tags['topic'] === name && tags['partition'] === '0')
    assert.deepEqual(partition?.values, { 'records-lag': 0, 'records-lead': 4 })
    await fetcher.close()
    assert.deepEqual(values(kafka, 'consumer-fetch-manager-metrics', 'counting-fetcher'), {})
  })

  withKafka('producers and fetchers have client ids of their own unless they are given one', async ({ kafka }) => {
    const made = [kafka.producer(), kafka.producer(), kafka.fetcher()]
    const groups = kafka.metrics().filter(({ group }) => group === 'producer-metrics' || group === 'consumer-metrics')
    const ids = groups.map(({ tags }) => tags['client-id']!)
    assert.equal(new Set(ids).size, ids.length)
    assert.equal(ids.filter((id) => id.includes('-producer-')).length, 2)
    assert.equal(ids.filter((id) => id.includes('-consumer-')).length, 1)
    for (const one of made) await one.close()
  })

  withKafka('commits of offsets are counted', async ({ kafka, topic, freshName }) => {
    const at = { topic: await topic(), partition: 0, offset: 0, metadata: '' }
    const offsets = kafka.groupOffsets(freshName())
    await offsets.commit([at])
    await offsets.commit([at])
    const found = kafka.metrics().find(({ group }) => group === 'consumer-coordinator-metrics')?.values
    assert.equal(found?.['commit-total'], 2)
    assert.ok(found['commit-latency-max']! > 0)
  })

  withKafka('the last requests are remembered, and what became of them', async ({ kafka, topic }) => {
    const name = await topic()
    const log = kafka.requestLog()
    const created = log.findLast(({ api }) => api === 'CreateTopics')
    assert.equal(created?.outcome, 'answered')
    assert.ok(created.requestBytes > name.length && created.responseBytes > 0 && created.latencyMs > 0)
    assert.ok(log.length <= 200)
    for (const [i, { at }] of log.entries()) assert.ok(i === 0 || at >= log[i - 1]!.at)
  })
}
