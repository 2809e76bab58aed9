/** ListOffsets, OffsetForLeaderEpoch, DeleteRecords: places and codes of Apache Kafka 4.3.1. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { batchOf } from '../support/batches.ts'
import { RawClient } from '../support/raw-client.ts'
import { type RawTopic, createTopic, fetchBody, produceBody } from '../support/requests.ts'

describe('offsets', () => {
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

  const list = async (timestamp: number, version = 11, more: { index?: number; epoch?: number } = {}) => {
    const partition = { partitionIndex: more.index ?? 0, timestamp, currentLeaderEpoch: more.epoch ?? -1 }
    const { topics } = await client.send(
      'ListOffsets',
      { topics: [{ name: 'orders', partitions: [partition] }] },
      version,
    )
    const { errorCode, offset, timestamp: at, leaderEpoch } = topics[0]!.partitions[0]!
    return [errorCode, offset, at, leaderEpoch]
  }
  const produce = (values: readonly string[], timestamp: number) =>
    client.send('Produce', produceBody(topic, batchOf(values, {}, timestamp)))
  const deleteBefore = async (offset: number, partitionIndex = 0) => {
    const topics = [{ name: 'orders', partitions: [{ partitionIndex, offset }] }]
    const { lowWatermark, errorCode } = (await client.send('DeleteRecords', { topics, timeoutMs: 1000 })).topics[0]!
      .partitions[0]!
    return [errorCode, lowWatermark]
  }

  test.each([
    ['latest', -1, [0, 0, -1, 0]],
    ['earliest', -2, [0, 0, -1, 0]],
    ['largest timestamp', -3, [0, -1, -1, -1]],
    ['earliest local', -4, [0, 0, -1, 0]],
    ['latest tiered', -5, [0, -1, -1, -1]],
    ['earliest to be uploaded', -6, [0, -1, -1, -1]],
    ['a place that does not exist', -7, [35, -1, -1, -1]],
    ['a time', 0, [0, -1, -1, -1]],
  ])('of an empty partition: %s', async (_what, timestamp, expected) => {
    expect(await list(timestamp)).toEqual(expected)
  })

  test('of a partition with records: by place and by time', async () => {
    await produce(['a', 'b'], 1000)
    await produce(['c'], 3000)
    expect([await list(-1), await list(-2), await list(-3)]).toEqual([
      [0, 3, -1, 0],
      [0, 0, -1, 0],
      [0, 2, 3000, 0],
    ])
    expect([await list(1000), await list(1001), await list(3001)]).toEqual([
      [0, 0, 1000, 0],
      [0, 2, 3000, 0],
      [0, -1, -1, -1],
    ])
  })

  test('a place that came with a later version is refused', async () => {
    expect((await list(-3, 6))[0]).toBe(35)
    expect((await list(-4, 7))[0]).toBe(35)
  })

  test('unknown partitions and epochs are refused', async () => {
    expect((await list(-1, 11, { index: 9 }))[0]).toBe(3)
    expect((await list(-1, 11, { epoch: 9 }))[0]).toBe(75)
    kafka.moveLeader('orders', 0, 1)
    expect((await list(-1, 11, { epoch: 0 }))[0]).toBe(74)
  })

  test('a partition that is asked for twice is answered once, with an error', async () => {
    const at = { partitionIndex: 0, timestamp: -1 }
    const { topics } = await client.send('ListOffsets', { topics: [{ name: 'orders', partitions: [at, at] }] })
    expect(topics[0]!.partitions.map(({ errorCode }) => errorCode)).toEqual([42])
  })

  test('the end of an epoch is where the next one began', async () => {
    await produce(['a', 'b'], 1000)
    kafka.moveLeader('orders', 0, 1)
    await produce(['c'], 1000)
    const asked = [0, 1, 7].map((leaderEpoch) => ({ partition: 0, leaderEpoch }))
    const unknown = [{ partition: 9, leaderEpoch: 0 }]
    const { topics } = await client.send('OffsetForLeaderEpoch', {
      topics: [{ topic: 'orders', partitions: [...asked, ...unknown] }],
    })
    expect(
      topics[0]!.partitions.map(({ errorCode, leaderEpoch, endOffset }) => [errorCode, leaderEpoch, endOffset]),
    ).toEqual([
      [0, 0, 2],
      [0, 1, 3],
      [0, -1, -1],
      [3, -1, -1],
    ])
  })

  test('records are deleted up to an offset, or all of them', async () => {
    await produce(['a', 'b', 'c'], 1000)
    expect(await deleteBefore(2)).toEqual([0, 2])
    expect(await deleteBefore(1)).toEqual([0, 2])
    expect((await client.send('Fetch', fetchBody(topic, { offset: 1 }))).responses[0]!.partitions[0]!.errorCode).toBe(1)
    expect(await deleteBefore(-1)).toEqual([0, 3])
  })

  test('no more is deleted than there is, nor by an offset that cannot be', async () => {
    expect(await deleteBefore(1)).toEqual([1, -1])
    expect(await deleteBefore(-2)).toEqual([1, -1])
    expect(await deleteBefore(0, 9)).toEqual([3, -1])
  })
})
