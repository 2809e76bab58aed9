/** Produce: what is refused, with Kafka's codes (recorded from Apache Kafka 4.3.1), and what comes back. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { batchOf } from '../support/batches.ts'
import { RawClient } from '../support/raw-client.ts'
import { type RawTopic, createTopic, produceBody } from '../support/requests.ts'

describe('produce', () => {
  let kafka: EmbeddedKafka
  let client: RawClient
  let topic: RawTopic
  beforeEach(async () => {
    kafka = await startEmbeddedKafka()
    client = await RawClient.open(kafka.addresses[0]!.port)
    topic = await createTopic(client, 'orders')
  })
  afterEach(async () => {
    client.close()
    await kafka.close()
  })

  const produce = async (records: Uint8Array | null, terms: Parameters<typeof produceBody>[2] = {}, version = 13) =>
    (await client.send('Produce', produceBody(topic, records, terms), version)).responses[0]!.partitionResponses[0]!

  test('records get consecutive offsets', async () => {
    expect(await produce(batchOf(['a', 'b']))).toMatchObject({ errorCode: 0, baseOffset: 0, logStartOffset: 0 })
    expect(await produce(batchOf(['c']))).toMatchObject({ errorCode: 0, baseOffset: 2, logAppendTimeMs: -1 })
  })

  test.each([3, 5, 7, 8, 9, 10, 12, 13])('version %i is served', async (version) => {
    expect(await produce(batchOf(['a']), {}, version)).toMatchObject({ errorCode: 0, baseOffset: 0 })
  })

  test.each([
    ['no records', new Uint8Array(0), 87],
    ['null', null, 87],
    ['less than a header', Buffer.alloc(10), 87],
    ['another magic', Buffer.alloc(80, 'x'), 2],
    ['a wrong checksum', Uint8Array.from(batchOf(['a']), (byte, i) => (i === 65 ? byte ^ 1 : byte)), 2],
    ['two batches', Buffer.concat([batchOf(['a']), batchOf(['b'])]), 87],
    ['a control batch', batchOf(['a'], { isControl: true }), 87],
  ])('%s: refused', async (_what, records, errorCode) => {
    expect(await produce(records)).toMatchObject({ errorCode, baseOffset: -1 })
    expect(await produce(batchOf(['good']))).toMatchObject({ errorCode: 0, baseOffset: 0 })
  })

  test('a sequence that does not follow is refused, and where the log starts is told', async () => {
    const batch = (baseSequence: number) => batchOf(['a'], { producerId: 7, producerEpoch: 0, baseSequence })
    await produce(batch(0))
    expect(await produce(batch(2))).toMatchObject({ errorCode: 45, baseOffset: -1, logStartOffset: 0 })
  })

  test('zstd is refused to versions that came before it', async () => {
    const batch = batchOf(['a'.repeat(500)], { compression: 'zstd' })
    expect((await produce(batch, {}, 6)).errorCode).toBe(76)
    expect((await produce(batch, {}, 7)).errorCode).toBe(0)
  })

  test('acks that Kafka does not know are refused', async () => {
    expect((await produce(batchOf(['a']), { acks: 2 })).errorCode).toBe(21)
  })

  test('a partition or topic that does not exist is refused in its place', async () => {
    expect((await produce(batchOf(['a']), { index: 7 })).errorCode).toBe(3)
    const unknown = { name: 'none', id: 'AAAAAAAAAAAAAAAAAAAAAQ' }
    const byId = await client.send('Produce', produceBody(unknown, batchOf(['a'])), 13)
    expect(byId.responses[0]!.partitionResponses[0]!.errorCode).toBe(100)
    const byName = await client.send('Produce', produceBody(unknown, batchOf(['a'])), 12)
    expect(byName.responses[0]!.partitionResponses[0]!.errorCode).toBe(3)
  })

  test('acks=0 has no answer, and a refusal costs the connection', async () => {
    const other = await RawClient.open(kafka.addresses[0]!.port)
    const unanswered = other.send('Produce', produceBody(topic, batchOf(['a']), { acks: 0 }))
    const ended = expect(unanswered).rejects.toThrow('closed before Produce')
    void other.send('Produce', produceBody(topic, batchOf(['a']), { acks: 0, index: 7 })).catch(() => {})
    await other.closed
    await ended
    expect(await produce(batchOf(['b']))).toMatchObject({ baseOffset: 1 })
  })

  test('a batch that is sent again is answered with the offset that it has', async () => {
    const batch = batchOf(['a', 'b'], { producerId: 7, producerEpoch: 0, baseSequence: 0 })
    expect(await produce(batch)).toMatchObject({ errorCode: 0, baseOffset: 0 })
    expect(await produce(batch)).toMatchObject({ errorCode: 0, baseOffset: 0 })
    expect(await produce(batchOf(['c'], { producerId: 7, producerEpoch: 0, baseSequence: 9 }))).toMatchObject({
      errorCode: 45,
    })
  })

  test('transactional records need a transactional id, and an open transaction', async () => {
    const batch = batchOf(['a'], { producerId: 7, producerEpoch: 0, baseSequence: 0, isTransactional: true })
    expect((await produce(batch)).errorCode).toBe(53)
    expect((await produce(batch, { transactionalId: 'nobody' })).errorCode).not.toBe(0)
  })

  test('a producer that skipped AddPartitionsToTxn is told so as its version can understand', async () => {
    const { producerId, producerEpoch } = await client.send(
      'InitProducerId',
      { transactionalId: 't', transactionTimeoutMs: 60_000 },
      4,
    )
    const batch = batchOf(['a'], { producerId, producerEpoch, baseSequence: 0, isTransactional: true })
    expect((await produce(batch, { transactionalId: 't' }, 11)).errorCode).toBe(120)
    expect((await produce(batch, { transactionalId: 't' }, 10)).errorCode).toBe(48)
    expect((await produce(batch, { transactionalId: 't' }, 13)).errorCode).toBe(0)
  })

  test('nobody but tools writes to internal topics', async () => {
    await client.send('InitProducerId', { transactionalId: 't', transactionTimeoutMs: 60_000 }, 4)
    const { topics } = await client.send('Metadata', { topics: null }, 12)
    const internal = topics.find(({ isInternal }) => isInternal)!
    const body = produceBody({ name: internal.name!, id: internal.topicId }, batchOf(['a']))
    expect((await client.send('Produce', body)).responses[0]!.partitionResponses[0]!.errorCode).toBe(17)
  })
})
