import { expect, test } from '@jest/globals'
import { fault, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { connect } from '@sluice/kafka'

test('a record whose acknowledgement was lost is in the log once', async () => {
  await using broker = await startEmbeddedKafka()
  const kafka = await connect({ bootstrapServers: broker.bootstrapServers })
  await kafka.admin.ensureTopics([{ topic: 'orders', partitions: 1 }])
  const lost = broker.intercept('Produce', () => fault.after(() => 'drop'))

  const producer = kafka.producer()
  const value = Buffer.from('{"eur":2}')
  await producer.produce([{ topic: 'orders', partition: 0, key: null, value, timestamp: null, headers: null }])

  expect(lost.count).toBe(1)
  expect(broker.requests().filter(({ api }) => api === 'Produce')).toHaveLength(2)
  const [end] = await kafka.admin.listOffsets([{ topic: 'orders', partition: 0 }], 'latest')
  expect(end?.offset).toBe(1)
  await producer.close()
  await kafka.close()
})
