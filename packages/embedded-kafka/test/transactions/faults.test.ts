/** The verbs that make transactions go wrong, as a client sees them. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '../../src/embedded-kafka.ts'
import { batchOf } from '../support/batches.ts'
import { RawClient } from '../support/raw-client.ts'
import { produceBody } from '../support/requests.ts'
import { Scribe } from './transaction-scripts.ts'

const CONCURRENT_TRANSACTIONS = 51
const NOT_COORDINATOR = 16
const NOT_ENOUGH_REPLICAS = 19
let kafka: EmbeddedKafka
let scribe: Scribe

beforeEach(async () => {
  kafka = await startEmbeddedKafka({ nodes: 2 })
  const client = await RawClient.open(kafka.addresses[0]!.port)
  scribe = new Scribe(client, 'faults')
  kafka.moveCoordinator('transaction', scribe.transactionalId, 1)
  await scribe.begin()
  for (const index of [0, 1]) kafka.moveLeader(scribe.topic, index, 1)
  await scribe.init(4)
  await scribe.add(3)
  await scribe.produce(9)
  scribe.transcript.length = 0
})
afterEach(async () => {
  scribe.client.close()
  await kafka.close()
})

function init(): Promise<{ errorCode: number }> {
  const { transactionalId } = scribe
  return scribe.send('InitProducerId', { transactionalId, transactionTimeoutMs: 1000 }, 4)
}

/** The error of one record, asked for once; `meanwhile` runs when the broker has the request. */
async function produced(version: number, index: number, meanwhile: () => void = () => {}): Promise<number> {
  const { producerId, producerEpoch, transactionalId, topic } = scribe
  const records = batchOf(['value'], { producerId, producerEpoch, baseSequence: 0, isTransactional: true })
  const body = produceBody({ name: topic, id: '' }, records, { index, transactionalId })
  const answer = scribe.send('Produce', body, version)
  await scribe.retry(() => Promise.resolve(kafka.requests().at(-1)!.api === 'Produce'))
  meanwhile()
  return (await answer).responses[0]!.partitionResponses[0]!.errorCode
}

describe('late markers', () => {
  test('make everybody wait, and readers of committed records too', async () => {
    kafka.freezeClock()
    kafka.lateMarkers(60_000)
    await scribe.end(3, true)
    expect((await init()).errorCode).toBe(CONCURRENT_TRANSACTIONS)
    await scribe.endOffset(1)
    await scribe.describe()
    kafka.advanceClock(60_000)
    await scribe.endOffset(1)
    await scribe.describe()
    expect(scribe.transcript).toEqual([
      'EndTxn 3 commit: NONE',
      'ListOffsets 1: 0',
      'DescribeTransactions: PrepareCommit 60000 id1/0 [topic:0]',
      'ListOffsets 1: 2',
      'DescribeTransactions: CompleteCommit 60000 id1/0 []',
    ])
    expect((await init()).errorCode).toBe(0)
  })

  test('are waited for by the next records of a producer of transaction.version 2, for a while', async () => {
    await scribe.settled()
    kafka.freezeClock()
    await scribe.end(5, false)
    const outcomes: number[] = []
    for (const lateMs of [0, 50, 500]) {
      outcomes.push(await produced(12, 1, () => kafka.advanceClock(100)))
      kafka.lateMarkers(lateMs)
      await scribe.end(5, true)
    }
    outcomes.push(await produced(12, 1, () => kafka.advanceClock(100)))
    expect(outcomes).toEqual([0, 0, 0, CONCURRENT_TRANSACTIONS])
  })

  test('are no reason for a producer of transaction.version 1 to give up', async () => {
    kafka.lateMarkers(60_000)
    await scribe.end(3, true)
    expect(await produced(9, 1)).toBe(NOT_ENOUGH_REPLICAS)
  })
})

test('a transaction that is made to time out cannot be committed', async () => {
  kafka.expireTransaction(scribe.transactionalId)
  await scribe.end(3, true)
  await scribe.settled()
  await scribe.produce(9, { sequence: 1 })
  expect(scribe.transcript).toEqual([
    'EndTxn 3 commit: PRODUCER_FENCED',
    'DescribeTransactions: CompleteAbort 60000 id1/1 []',
    'Produce 9: INVALID_PRODUCER_EPOCH',
  ])
})

test('time that passes on the broker’s clock aborts an open transaction', async () => {
  kafka.freezeClock()
  kafka.advanceClock(80_000)
  await scribe.settled()
  expect(scribe.transcript).toEqual(['DescribeTransactions: CompleteAbort 60000 id1/1 []'])
})

test('a bumped epoch fences the producer', async () => {
  kafka.bumpEpoch(scribe.transactionalId)
  await scribe.settled()
  await scribe.add(3)
  expect(scribe.transcript.at(-1)).toBe('AddPartitionsToTxn 3: PRODUCER_FENCED')
})

test('a coordinator that moved is found on its new node, with all it knew', async () => {
  kafka.moveCoordinator('transaction', scribe.transactionalId, 2)
  expect((await init()).errorCode).toBe(NOT_COORDINATOR)
  const other = new Scribe(await RawClient.open(kafka.addresses[1]!.port), 'faults')
  other.producerId = scribe.producerId
  other.producerEpoch = scribe.producerEpoch
  await other.end(3, true)
  await other.settled()
  expect(other.transcript).toEqual(['EndTxn 3 commit: NONE', 'DescribeTransactions: CompleteCommit 60000 id1/0 []'])
  other.client.close()
})

test('a partition whose node is down holds up the end of its transaction', async () => {
  kafka.moveLeader(scribe.topic, 0, 2)
  await kafka.killNode(2)
  await scribe.end(3, true)
  expect((await init()).errorCode).toBe(CONCURRENT_TRANSACTIONS)
  await kafka.restartNode(2)
  await scribe.settled()
  expect(scribe.transcript.at(-1)).toBe('DescribeTransactions: CompleteCommit 60000 id1/0 []')
})
