/** A client that asks and does not read: what it is owed stays bounded. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { startEmbeddedKafka } from '@sluice/embedded-kafka'
import { batchOf } from '../support/batches.ts'
import { RawClient } from '../support/raw-client.ts'
import { createTopic, fetchBody, produceBody } from '../support/requests.ts'

test('a client that never reads holds one answer, and others are served', async () => {
  await using kafka = await startEmbeddedKafka()
  const port = kafka.addresses[0]!.port
  const healthy = await RawClient.open(port)
  const topic = await createTopic(healthy, 'big')
  const batch = batchOf(Array.from({ length: 900 }, () => 'x'.repeat(1000)))
  for (let i = 0; i < 10; i++) await healthy.send('Produce', produceBody(topic, batch))
  const greedy = await RawClient.open(port)
  greedy.socket.pause()
  for (let i = 0; i < 200; i++) void greedy.send('Fetch', fetchBody(topic, { bytesMax: 5 << 20 })).catch(() => {})
  for (let i = 0; i < 20; i++) await healthy.send('Metadata', { topics: [] }, 12)
  expect(kafka.heldBytes).toBeGreaterThan(0)
  expect(kafka.heldBytes).toBeLessThan(8 << 20)
  const open = kafka.requests().filter(({ api }) => api === 'Fetch')
  expect(open.length).toBeLessThan(5)
  greedy.close()
  healthy.close()
})

test('clients that hold all the memory there is do not keep others waiting', async () => {
  await using kafka = await startEmbeddedKafka({ configs: { 'queued.max.request.bytes': '1000000' } })
  const port = kafka.addresses[0]!.port
  const healthy = await RawClient.open(port)
  const topic = await createTopic(healthy, 'big')
  const batch = batchOf(Array.from({ length: 900 }, () => 'x'.repeat(1000)))
  for (let i = 0; i < 10; i++) await healthy.send('Produce', produceBody(topic, batch))
  const greedy = await Promise.all([0, 1, 2].map(() => RawClient.open(port)))
  for (const { socket } of greedy) socket.pause()
  for (const client of greedy) {
    for (let i = 0; i < 5; i++) void client.send('Fetch', fetchBody(topic, { bytesMax: 9 << 20 })).catch(() => {})
  }
  while (kafka.heldBytes < 1_000_000) await healthy.send('Metadata', { topics: [] }, 12)
  for (let i = 0; i < 20; i++) await healthy.send('Produce', produceBody(topic, batchOf(['small'])))
  expect(kafka.connectionCount).toBe(4)
  for (const client of [...greedy, healthy]) client.close()
})

test('what a slow client is owed from a file is not overwritten by what others read', async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'sluice-slow-reader-'))
  const values = Array.from({ length: 12 }, (_, i) => String.fromCharCode(97 + i).repeat(900_000))
  const batches = values.map((value) => batchOf([value]))
  const configs = { 'num.partitions': String(values.length) }
  const before = await startEmbeddedKafka({ dataDir, configs })
  const producer = await RawClient.open(before.addresses[0]!.port)
  const topic = await createTopic(producer, 'big')
  for (const [index, batch] of batches.entries()) await producer.send('Produce', produceBody(topic, batch, { index }))
  producer.close()
  await before.close()
  // Nothing is remembered now: all of it is read from files.
  const kafka = await startEmbeddedKafka({ dataDir, configs })
  const { port } = kafka.addresses[0]!
  const [slow, quick] = await Promise.all([RawClient.open(port), RawClient.open(port)])
  const partitions = [...values.keys()]
  const fetched = async (client: RawClient, wanted: readonly number[]): Promise<unknown> => {
    const { responses } = await client.send('Fetch', fetchBody(topic, { partitions: wanted }))
    const found = responses[0]!.partitions
    return found.every(
      ({ partitionIndex, records }) =>
        // But for the base offset and the epoch, which the broker writes.
        Buffer.compare(batches[partitionIndex]!.subarray(16), records!.subarray(16)) === 0,
    )
  }
  slow.socket.pause()
  const owed = fetched(slow, partitions)
  for (let round = 0; round < 10; round++) {
    expect(await fetched(quick, partitions.toReversed())).toBe(true)
  }
  slow.socket.resume()
  expect(await owed).toBe(true)
  slow.close()
  quick.close()
  await kafka.close()
  await rm(dataDir, { recursive: true, force: true })
})
