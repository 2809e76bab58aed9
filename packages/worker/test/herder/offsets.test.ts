import { beforeEach, describe, expect, test } from '@jest/globals'
import { silentLogger, SluiceError, type RawSettings } from '@sluice/sdk'
import { HerderError, type ConnectorOffset } from '../../src/herder/herder.ts'
import { OffsetRequests, type AlterRequest } from '../../src/herder/offsets.ts'
import { FakeCluster } from './support/fake-cluster.ts'

const SOURCE: RawSettings = { 'connector.class': 'FakeSource', name: 'a' }
const SINK: RawSettings = { 'connector.class': 'FakeSink', name: 's' }
const sinkOffset = (topic: unknown, partition: unknown, offset: unknown): ConnectorOffset => ({
  partition: { kafka_topic: topic, kafka_partition: partition },
  offset: offset === null ? null : { kafka_offset: offset },
})

let written: unknown[]
let asked: unknown[]
let answer: boolean | Error
let refusal: Error | null
let requests: OffsetRequests
let assertStopped: () => Promise<void>

function alter(connector: string, config: RawSettings, wanted: AlterRequest['wanted']): Promise<string> {
  return requests.alter({ connector, config, isSink: config === SINK, wanted, assertStopped })
}

beforeEach(() => {
  written = []
  asked = []
  answer = true
  refusal = null
  assertStopped = async () => undefined
  const write = async (...what: unknown[]): Promise<void> => {
    if (refusal !== null) throw refusal
    written.push(what)
  }
  requests = new OffsetRequests({
    offsets: {
      sourceOffsets: async () => [{ partition: { file: 'a' }, offset: { position: 3 } }],
      alterSourceOffsets: (_connector, _config, offsets) => write('source', offsets),
      sinkOffsets: async () => [{ topic: 't', partition: 1, offset: 9 }],
      alterSinkOffsets: (connector, _config, offsets) => write('set', connector, offsets),
      deleteSinkOffsets: (connector, _config, partitions) => write('forget', connector, partitions),
      deleteSinkGroup: (connector) => write('delete', connector),
    },
    hook: async (_connector, _config, offsets) => {
      asked.push(offsets)
      if (answer instanceof Error) throw answer
      return answer
    },
    logger: silentLogger,
  })
})

describe('of a source', () => {
  const offsets = [{ partition: { file: 'a' }, offset: { position: 1 } }]

  test('are altered after the connector was asked', async () => {
    expect(await alter('a', SOURCE, offsets)).toBe('The offsets for this connector have been altered successfully')
    expect(asked).toEqual([offsets])
    expect(written).toEqual([['source', offsets]])
  })

  test('are reset by forgetting every partition there is', async () => {
    expect(await alter('a', SOURCE, null)).toBe('The offsets for this connector have been reset successfully')
    expect(written).toEqual([['source', [{ partition: { file: 'a' }, offset: null }]]])
  })

  test('that the connector does not vouch for are written, and the answer says what that means', async () => {
    answer = false
    expect(await alter('a', SOURCE, offsets)).toBe(
      'The Connect framework-managed offsets for this connector have been altered successfully. However, if this connector manages offsets externally, they will need to be manually altered in the system that the connector uses.',
    )
  })

  test('without a partition, or with values within values, are refused before anybody is asked', async () => {
    const nobody = [...offsets, { partition: null, offset: null }]
    await expect(alter('a', SOURCE, nobody)).rejects.toMatchObject({
      status: 400,
      message: 'The partition for a source connector offset cannot be null or missing',
    })
    for (const offset of [{ x: [1] }, { x: {} }])
      await expect(alter('a', SOURCE, [{ partition: { file: 'a' }, offset }])).rejects.toMatchObject({
        status: 500,
        message: expect.stringMatching(
          /^Offsets may only contain primitive types as values, but field x contains (ARRAY|MAP)$/,
        ),
      })
    expect([asked, written]).toEqual([[], []])
  })

  test('that the connector refuses are not written: its own sentence is the answer, 500', async () => {
    answer = new Error("Partition objects should contain the key 'filename'")
    await expect(alter('a', SOURCE, offsets)).rejects.toMatchObject({
      status: 500,
      message: "Partition objects should contain the key 'filename'",
    })
    expect(written).toEqual([])
  })
})

test('are not written when the connector was resumed while it was asked', async () => {
  assertStopped = () => Promise.reject(new HerderError(400, 'not stopped'))
  for (const config of [SOURCE, SINK])
    for (const wanted of [null, config === SOURCE ? [{ partition: { file: 'a' }, offset: null }] : []])
      await expect(alter('a', config, wanted)).rejects.toMatchObject({ status: 400 })
  expect(asked).toHaveLength(4)
  expect(written).toEqual([])
})

describe('of a sink', () => {
  test('are shown by topic and partition', async () => {
    expect(await requests.list('s', SINK, true)).toEqual([sinkOffset('t', 1, 9)])
  })

  test('are set and forgotten in one request; numbers may be texts', async () => {
    await alter('s', SINK, [sinkOffset('t', '0', '2'), sinkOffset('t', 1, null)])
    expect(written).toEqual([
      ['set', 's', [{ topic: 't', partition: 0, offset: 2 }]],
      ['forget', 's', [{ topic: 't', partition: 1, offset: null }]],
    ])
  })

  test('are reset by asking about every partition, then deleting the group', async () => {
    await alter('s', SINK, null)
    expect(asked).toEqual([[sinkOffset('t', 1, null)]])
    expect(written).toEqual([['delete', 's']])
  })

  test.each<[string, ConnectorOffset, string]>([
    [
      'no partition',
      { partition: null, offset: null },
      'The partition for a sink connector offset cannot be null or missing',
    ],
    [
      'half a partition',
      { partition: { kafka_topic: 't' }, offset: null },
      "The partition for a sink connector offset must contain the keys 'kafka_topic' and 'kafka_partition'",
    ],
    ['no topic', sinkOffset(null, 0, null), 'Kafka topic names must be valid strings and may not be null'],
    ['no number', sinkOffset('t', null, null), 'Kafka partitions must be valid numbers and may not be null'],
    [
      'a partition that is no number',
      sinkOffset('t', 'x', null),
      "Failed to parse the following Kafka partition value in the provided offsets: 'x'. Partition values for sink connectors need to be integers.",
    ],
    [
      'another key',
      { partition: { kafka_topic: 't', kafka_partition: 0 }, offset: { other: 1 } },
      "The offset for a sink connector should either be null or contain the key 'kafka_offset'",
    ],
    [
      'an offset that is no number',
      sinkOffset('t', 0, 'x'),
      "Failed to parse the following Kafka offset value in the provided offsets: 'x'. Offset values for sink connectors need to be integers.",
    ],
    [
      'half an offset',
      sinkOffset('t', 0, 1.5),
      "Failed to parse the following Kafka offset value in the provided offsets: '1.5'. Offset values for sink connectors need to be integers.",
    ],
  ])('with %s are refused, and nothing is written', async (_what, offset, message) => {
    await expect(Promise.resolve().then(() => alter('s', SINK, [offset]))).rejects.toMatchObject({
      status: 400,
      message,
    })
    expect(asked).toEqual([])
    expect(written).toEqual([])
  })

  test('that Kafka refuses: 500', async () => {
    refusal = new SluiceError('KAFKA_REFUSED', 'no', { place: { error: 'UNKNOWN_TOPIC_OR_PARTITION' } })
    await expect(alter('s', SINK, [sinkOffset('t', 5, 0)])).rejects.toMatchObject({
      status: 500,
      message: 'Failed to alter consumer group offsets for connector s',
    })
  })

  test('of a group that still has members: 500 that tells of zombies', async () => {
    refusal = new SluiceError('KAFKA_REFUSED', 'no', { place: { error: 'UNKNOWN_MEMBER_ID' } })
    const refused = await alter('s', SINK, [sinkOffset('t', 0, 0)]).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(HerderError)
    expect((refused as HerderError).status).toBe(500)
    expect((refused as HerderError).message).toMatch(/^Failed to alter consumer group offsets .* zombie sink tasks\.$/)
  })
})

describe('requests', () => {
  test('about a connector that is not stopped are refused; with no offsets at all as well', async () => {
    const cluster = new FakeCluster()
    const [worker] = await cluster.form(1)
    await cluster.create('a')
    await expect(cluster.given(worker!.herder.alterConnectorOffsets('a', null))).rejects.toMatchObject({
      status: 400,
      message:
        "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified connector by issuing a 'PUT' request to the '/connectors/a/stop' endpoint",
    })
    await cluster.given(worker!.herder.pauseConnector('a'))
    await expect(cluster.given(worker!.herder.alterConnectorOffsets('a', null))).rejects.toMatchObject({ status: 400 })
    await expect(cluster.given(worker!.herder.alterConnectorOffsets('a', []))).rejects.toMatchObject({
      status: 400,
      message: 'Partitions / offsets need to be provided for an alter offsets request',
    })
    // Stopped, but its tasks may still run.
    await worker!.store.putTargetState('a', 'STOPPED')
    await expect(cluster.given(worker!.herder.alterConnectorOffsets('a', null))).rejects.toMatchObject({ status: 400 })
    await cluster.given(worker!.herder.stopConnector('a'))
    expect(await cluster.given(worker!.herder.alterConnectorOffsets('a', null))).toBe(
      'The offsets for this connector have been reset successfully',
    )
    await cluster.stop()
  })

  test('that wait for a connector for ever hold nobody up', async () => {
    const cluster = new FakeCluster()
    const [worker] = await cluster.form(1)
    await cluster.create('a')
    await cluster.given(worker!.herder.stopConnector('a'))
    cluster.offsetsHook = () => new Promise(() => undefined)
    void worker!.herder.alterConnectorOffsets('a', null)
    await cluster.pass(500)
    await cluster.create('b')
    await cluster.stop()
  })
})
