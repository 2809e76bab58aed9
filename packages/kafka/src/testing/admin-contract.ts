import assert from 'node:assert/strict'
import type { WithKafka } from './port-contract.ts'
import { assertRefused, record } from './port-fixture.ts'

/** What `admin` promises. */
export function adminContract(test: WithKafka): void {
  test('topics are created once, described, listed and deleted', async ({ kafka, freshName }) => {
    const [a, b] = [freshName(), freshName()]
    const spec = { topic: a, partitions: 3, configs: { 'retention.ms': '3600000' } }
    assert.deepEqual(await kafka.admin.ensureTopics([spec]), [a])
    assert.deepEqual(await kafka.admin.ensureTopics([spec, { topic: b, partitions: -1 }]), [b])
    assert.deepEqual(await kafka.admin.ensureTopics([spec]), [])
    assert.deepEqual(await kafka.admin.describeTopics([a, freshName()]), [{ topic: a, partitions: 3 }])
    const all = (await kafka.admin.describeTopics()).map(({ topic }) => topic)
    assert.ok(all.includes(a) && all.includes(b))
    await kafka.admin.deleteTopics([a])
    assert.deepEqual(await kafka.admin.describeTopics([a]), [])
    await kafka.admin.deleteTopics([a])
  })

  test('a topic that the broker refuses is an error that names it', async ({ kafka }) => {
    const name = 'not/a/topic'
    const error = await assertRefused(kafka.admin.ensureTopics([{ topic: name, partitions: 1 }]), 'KAFKA_REFUSED')
    assert.ok(error.message.includes(name))
  })

  test('offsets are found by end and by time', async ({ kafka, topic }) => {
    const name = await topic(2)
    const producer = kafka.producer()
    await producer.produce([1000, 2000, 3000].map((timestamp) => record(name, { partition: 0, value: 'v', timestamp })))
    await producer.close()
    const partitions = [0, 1].map((partition) => ({ topic: name, partition }))
    const offsets = async (at: 'earliest' | 'latest' | number): Promise<number[]> =>
      (await kafka.admin.listOffsets(partitions, at)).map(({ offset }) => offset)
    assert.deepEqual(await offsets('earliest'), [0, 0])
    assert.deepEqual(await offsets('latest'), [3, 0])
    assert.deepEqual(await offsets(0), [0, 0])
    assert.deepEqual(await offsets(1001), [1, 0])
    assert.deepEqual(await offsets(3001), [3, 0])
  })

  test('a cluster has an id and brokers', async ({ kafka, another }) => {
    const cluster = await kafka.admin.describeCluster()
    assert.ok(cluster.clusterId.length > 0)
    assert.ok(cluster.brokers >= 1)
    assert.deepEqual(await (await another()).admin.describeCluster(), cluster)
  })
}
