import { afterEach, describe, expect, test } from '@jest/globals'
import { kafkaError } from '@sluice/kafka-protocol'
import { Bench } from './stand-ins.ts'

const ID = 'payments'
const TOPICS = [{ name: 'orders', partitions: [0, 1] }]
const benches: Bench[] = []

function open(): Bench {
  const bench = new Bench()
  benches.push(bench)
  return bench
}

afterEach(() => {
  for (const bench of benches.splice(0)) {
    bench.coordinator.stop()
    bench.clock.stop()
  }
})

/** The errors of an answer, wherever they stand. */
function errorsOf(answer: unknown): string[] {
  const found: string[] = []
  JSON.stringify(answer, (key, value: unknown) => {
    if (/errorCode/i.test(key) && typeof value === 'number' && value !== 0) found.push(kafkaError(value).name)
    return value
  })
  return found
}

const init = { transactionalId: ID, transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: -1 }
const add = {
  v3AndBelowTransactionalId: ID,
  v3AndBelowProducerId: 0,
  v3AndBelowProducerEpoch: 0,
  v3AndBelowTopics: TOPICS,
}
const addOffsets = { transactionalId: ID, producerId: 0, producerEpoch: 0, groupId: 'group' }
const end = { transactionalId: ID, producerId: 0, producerEpoch: 0, committed: true }
const batched = {
  transactions: [{ transactionalId: ID, producerId: 0, producerEpoch: 0, verifyOnly: false, topics: TOPICS }],
}
const markers = {
  markers: [
    {
      producerId: 7,
      producerEpoch: 3,
      transactionResult: false,
      topics: [{ name: 'orders', partitionIndexes: [0, 9] }],
      coordinatorEpoch: 0,
    },
  ],
}

describe('whoever may not write with a transactional id is told so', () => {
  test.each([
    ['InitProducerId', 4, init],
    ['AddOffsetsToTxn', 3, addOffsets],
    ['EndTxn', 3, end],
  ] as const)('%s', (api, version, body) => {
    const bench = open()
    bench.denied = 'WRITE TRANSACTIONAL_ID'
    expect(errorsOf(bench.ask(api, version, body))).toEqual(['TRANSACTIONAL_ID_AUTHORIZATION_FAILED'])
  })

  test('AddPartitionsToTxn, for each partition', () => {
    const bench = open()
    bench.denied = 'WRITE TRANSACTIONAL_ID'
    expect(errorsOf(bench.ask('AddPartitionsToTxn', 3, add))).toEqual([
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    ])
  })
})

describe('other rights', () => {
  test.each([
    ['WRITE TOPIC', 'AddPartitionsToTxn', 3, add, 'TOPIC_AUTHORIZATION_FAILED'],
    ['READ GROUP', 'AddOffsetsToTxn', 3, addOffsets, 'GROUP_AUTHORIZATION_FAILED'],
    ['CLUSTER_ACTION CLUSTER', 'AddPartitionsToTxn', 4, batched, 'CLUSTER_AUTHORIZATION_FAILED'],
    [
      'READ TOPIC',
      'DescribeProducers',
      0,
      { topics: [{ name: 'orders', partitionIndexes: [0] }] },
      'TOPIC_AUTHORIZATION_FAILED',
    ],
    [
      'DESCRIBE TRANSACTIONAL_ID',
      'DescribeTransactions',
      0,
      { transactionalIds: [ID] },
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    ],
  ] as const)('without %s %s is refused', (denied, api, version, body, error) => {
    const bench = open()
    bench.ask('InitProducerId', 4, init)
    bench.denied = denied
    const errors = errorsOf(bench.ask(api, version, body))
    expect(new Set(errors)).toEqual(new Set([error]))
  })

  test('an idempotent producer needs no right of its own when it may write to a topic', () => {
    const bench = open()
    bench.denied = 'IDEMPOTENT_WRITE CLUSTER'
    expect(errorsOf(bench.ask('InitProducerId', 4, { ...init, transactionalId: null }))).toEqual([])
  })

  test('transactional ids that a client may not see are not listed', () => {
    const bench = open()
    bench.ask('InitProducerId', 4, init)
    bench.denied = 'DESCRIBE TRANSACTIONAL_ID'
    const filters = { stateFilters: [], producerIdFilters: [], durationFilter: -1, transactionalIdPattern: null }
    expect(bench.ask('ListTransactions', 2, filters)['transactionStates']).toEqual([])
  })
})

describe('a node that does not coordinate the id says so', () => {
  test.each([
    ['InitProducerId', 4, init],
    ['AddPartitionsToTxn', 3, { ...add, v3AndBelowTopics: [{ name: 'orders', partitions: [0] }] }],
    ['AddOffsetsToTxn', 3, addOffsets],
    ['EndTxn', 5, end],
    ['DescribeTransactions', 0, { transactionalIds: [ID] }],
  ] as const)('%s', (api, version, body) => {
    const bench = open()
    bench.coordinatorNode = 2
    expect(errorsOf(bench.ask(api, version, body))).toEqual(['NOT_COORDINATOR'])
  })

  test('and lists none of its ids', () => {
    const bench = open()
    bench.ask('InitProducerId', 4, init)
    bench.coordinatorNode = 2
    const filters = { stateFilters: [], producerIdFilters: [], durationFilter: -1, transactionalIdPattern: null }
    expect(bench.ask('ListTransactions', 2, filters)['transactionStates']).toEqual([])
  })
})

describe('WriteTxnMarkers', () => {
  test('ends a transaction in the partitions that are there', () => {
    const bench = open()
    expect(errorsOf(bench.ask('WriteTxnMarkers', 1, markers))).toEqual(['UNKNOWN_TOPIC_OR_PARTITION'])
    expect(bench.log('orders').markers).toEqual([
      { type: 'abort', producerId: 7, producerEpoch: 3, coordinatorEpoch: 0 },
    ])
  })

  test('needs the right to alter the cluster, or to act for it', () => {
    const bench = open()
    bench.broker.access.may = () => false
    expect(errorsOf(bench.ask('WriteTxnMarkers', 1, markers))).toEqual([
      'CLUSTER_AUTHORIZATION_FAILED',
      'CLUSTER_AUTHORIZATION_FAILED',
    ])
    expect(bench.log('orders').markers).toEqual([])
  })
})

describe('the longest time-out', () => {
  test.each([
    [900_000, []],
    [900_001, ['INVALID_TRANSACTION_TIMEOUT']],
    [0, ['INVALID_TRANSACTION_TIMEOUT']],
    [-1, ['INVALID_TRANSACTION_TIMEOUT']],
  ])('of %d ms is answered with %j', (transactionTimeoutMs, errors) => {
    expect(errorsOf(open().ask('InitProducerId', 4, { ...init, transactionTimeoutMs }))).toEqual(errors)
  })
})

test('a producer id beyond 2^53 is nobody’s', () => {
  const bench = open()
  bench.ask('InitProducerId', 4, init)
  expect(errorsOf(bench.ask('EndTxn', 4, { ...end, producerId: 2n ** 60n }))).toEqual(['INVALID_PRODUCER_ID_MAPPING'])
})
