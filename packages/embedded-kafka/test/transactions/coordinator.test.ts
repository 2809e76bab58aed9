import { afterEach, describe, expect, test } from '@jest/globals'
import { kafkaError } from '@sluice/kafka-protocol'
import { ApiError } from '../../src/api/handler.ts'
import type { Topic } from '../../src/broker.ts'
import { partitionFor } from '../../src/transactions/transaction-log.ts'
import { readStateRecord } from '../../src/transactions/transaction-records.ts'
import { Bench } from './stand-ins.ts'

const ID = 'payments'
const ORDERS_0 = { topic: 'orders', partition: 0 }
const ORDERS_1 = { topic: 'orders', partition: 1 }
const OFFSETS = { topic: '__consumer_offsets', partition: 1 }
const benches: Bench[] = []

function open(options: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const bench = new Bench(options)
  benches.push(bench)
  return bench
}

function restart(bench: Bench): Bench {
  const next = bench.restart()
  benches.push(next)
  return next
}

afterEach(() => {
  for (const bench of benches.splice(0)) {
    bench.coordinator.stop()
    bench.clock.stop()
  }
})

function refusal(step: () => unknown): string {
  try {
    step()
  } catch (error) {
    return (error as Error).name
  }
  return 'NONE'
}

describe('ending a transaction', () => {
  test('the answer comes before the markers, and what follows waits for them', async () => {
    const { coordinator, turn, ...bench } = prepared(open())
    coordinator.end(ID, bench.producer, true, 0)
    expect(coordinator.get(ID)?.status).toBe('PrepareCommit')
    expect(bench.log('orders').markers).toEqual([])
    expect(refusal(() => coordinator.addPartitions(ID, bench.producer, [ORDERS_0], 0))).toBe('CONCURRENT_TRANSACTIONS')
    expect(refusal(() => coordinator.initProducerId(ID, 60_000, undefined))).toBe('CONCURRENT_TRANSACTIONS')
    await turn()
    expect(coordinator.get(ID)?.status).toBe('CompleteCommit')
    expect(refusal(() => coordinator.addPartitions(ID, bench.producer, [ORDERS_0], 0))).toBe('NONE')
  })

  test('each of its partitions gets one marker, others get none', async () => {
    const { coordinator, producer, log, turn } = prepared(open(), [ORDERS_0, ORDERS_1])
    coordinator.end(ID, producer, false, 0)
    await turn()
    const marker = { type: 'abort', producerId: producer.producerId, producerEpoch: 0, coordinatorEpoch: 3 }
    expect(log('orders', 0).markers).toEqual([marker])
    expect(log('orders', 1).markers).toEqual([marker])
    expect(log('orders', 2).markers).toEqual([])
  })

  test('under transaction.version 2 markers carry the bumped epoch, which the answer has too', async () => {
    const { coordinator, producer, log, turn } = prepared(open())
    expect(coordinator.end(ID, producer, true, 2)).toMatchObject({ producerId: producer.producerId, producerEpoch: 1 })
    await turn()
    expect(log('orders').markers).toMatchObject([{ type: 'commit', producerEpoch: 1 }])
  })

  test('late markers come when they are due, on the broker’s clock', async () => {
    const bench = open()
    const { coordinator, producer, log, turn } = prepared(bench)
    bench.lateMarkersMs = 500
    coordinator.end(ID, producer, true, 0)
    await turn()
    bench.clock.advance(499)
    expect(log('orders').markers).toEqual([])
    expect(refusal(() => coordinator.end(ID, producer, true, 0))).toBe('CONCURRENT_TRANSACTIONS')
    bench.clock.advance(1)
    expect(log('orders').markers).toHaveLength(1)
    expect(coordinator.get(ID)?.status).toBe('CompleteCommit')
  })

  test('the group coordinator learns of offsets behind the marker', async () => {
    const bench = open()
    const { coordinator, producer, turn } = prepared(bench, [OFFSETS])
    coordinator.end(ID, producer, true, 0)
    expect(bench.offsetsEnded).toEqual([])
    await turn()
    expect(bench.offsetsEnded).toEqual([{ partition: 1, producerId: producer.producerId, isCommitted: true }])
  })

  test('a deleted topic needs no marker', async () => {
    const bench = open()
    const { coordinator, producer, turn } = prepared(bench)
    bench.disk.topics.delete('orders')
    coordinator.end(ID, producer, true, 0)
    await turn()
    expect(coordinator.get(ID)?.status).toBe('CompleteCommit')
  })

  test('a partition without a leader gets its marker later, the others only once', async () => {
    const bench = open()
    const { coordinator, producer, log, turn } = prepared(bench, [ORDERS_0, ORDERS_1])
    bench.disk.topics.get('orders')!.leaders[1] = -1
    coordinator.end(ID, producer, true, 0)
    await turn()
    bench.clock.advance(250)
    expect(coordinator.get(ID)?.status).toBe('PrepareCommit')
    bench.disk.topics.get('orders')!.leaders[1] = 1
    bench.clock.advance(250)
    expect(coordinator.get(ID)?.status).toBe('CompleteCommit')
    expect(log('orders', 0).markers).toHaveLength(1)
    expect(log('orders', 1).markers).toHaveLength(1)
  })

  test('a full disk only delays markers', async () => {
    const bench = open()
    const { coordinator, producer, log, turn } = prepared(bench)
    log('orders').failure = new ApiError('KAFKA_STORAGE_ERROR', 'disk full')
    coordinator.end(ID, producer, true, 0)
    await turn()
    expect(coordinator.get(ID)?.status).toBe('PrepareCommit')
    log('orders').failure = undefined
    bench.clock.advance(1000)
    expect(coordinator.get(ID)?.status).toBe('CompleteCommit')
  })

  test('a decision that cannot be written has not been made', () => {
    const bench = open()
    const { coordinator, producer } = prepared(bench)
    stateLog(bench).failure = new ApiError('KAFKA_STORAGE_ERROR', 'disk full')
    expect(refusal(() => coordinator.end(ID, producer, true, 0))).toBe('NOT_COORDINATOR')
    expect(coordinator.get(ID)?.status).toBe('Ongoing')
    stateLog(bench).failure = undefined
    expect(refusal(() => coordinator.end(ID, producer, true, 0))).toBe('NONE')
  })

  test('a Complete state that cannot be written is written later, without another marker', async () => {
    const bench = open()
    const { coordinator, producer, log, turn } = prepared(bench)
    coordinator.end(ID, producer, true, 0)
    stateLog(bench).failure = new ApiError('KAFKA_STORAGE_ERROR', 'disk full')
    await turn()
    expect(coordinator.get(ID)?.status).toBe('PrepareCommit')
    stateLog(bench).failure = undefined
    bench.clock.advance(1000)
    expect(coordinator.get(ID)?.status).toBe('CompleteCommit')
    expect(log('orders').markers).toHaveLength(1)
  })
})

describe('taking over', () => {
  test('another producer begins the abort, waits for it, and has a higher epoch than the fence', async () => {
    const { coordinator, producer, log, turn } = prepared(open({ transactionVersion: 0 }))
    expect(refusal(() => coordinator.initProducerId(ID, 60_000, undefined))).toBe('CONCURRENT_TRANSACTIONS')
    expect(refusal(() => coordinator.initProducerId(ID, 60_000, undefined))).toBe('CONCURRENT_TRANSACTIONS')
    await turn()
    expect(log('orders').markers).toMatchObject([{ type: 'abort', producerEpoch: 1 }])
    expect(coordinator.initProducerId(ID, 60_000, undefined).producerEpoch).toBe(2)
    expect(refusal(() => coordinator.end(ID, producer, true, 0))).toBe('PRODUCER_FENCED')
  })

  test('an expectation that is not met aborts nothing', () => {
    const { coordinator } = prepared(open())
    const stranger = { producerId: 4711, producerEpoch: 0 }
    expect(refusal(() => coordinator.initProducerId(ID, 60_000, stranger))).toBe('PRODUCER_FENCED')
    expect(coordinator.get(ID)?.status).toBe('Ongoing')
  })

  test('producer ids of different transactional ids differ', () => {
    const { coordinator } = open()
    const ids = ['a', 'b', 'c'].map((id) => coordinator.initProducerId(id, 60_000, undefined).producerId)
    expect(new Set([...ids, coordinator.newProducerId()]).size).toBe(4)
  })
})

describe('time', () => {
  test('an open transaction is aborted after its time-out, and its producer fenced', async () => {
    const bench = open()
    const { coordinator, producer, log, turn } = prepared(bench)
    bench.clock.advance(60_000)
    await turn()
    expect(coordinator.get(ID)?.status).toBe('Ongoing')
    bench.clock.advance(10_000)
    await turn()
    expect(coordinator.get(ID)).toMatchObject({ status: 'CompleteAbort', producerEpoch: 1 })
    expect(log('orders').markers).toMatchObject([{ type: 'abort', producerEpoch: 1 }])
    expect(refusal(() => coordinator.end(ID, producer, true, 0))).toBe('PRODUCER_FENCED')
    expect(refusal(() => coordinator.addPartitions(ID, producer, [ORDERS_0], 0))).toBe('PRODUCER_FENCED')
  })

  test('a producer of transaction.version 2 is told that its commit came too late', async () => {
    const bench = open()
    const { coordinator, producer, turn } = prepared(bench, [ORDERS_0], 2)
    bench.clock.advance(70_001)
    await turn()
    expect(refusal(() => coordinator.end(ID, producer, true, 2))).toBe('INVALID_TXN_STATE')
    expect(coordinator.end(ID, producer, false, 2)).toMatchObject({ producerEpoch: 1 })
  })

  test('a transaction that goes on in time is left alone', async () => {
    const bench = open()
    const { coordinator, producer, turn } = prepared(bench)
    for (let i = 0; i < 5; i++) {
      bench.clock.advance(50_000)
      await turn()
      expect(refusal(() => coordinator.end(ID, producer, true, 0))).toBe('NONE')
      await turn()
      coordinator.addPartitions(ID, producer, [ORDERS_0], 0)
    }
  })

  test('an unused id is forgotten after transactional.id.expiration.ms', () => {
    const bench = open()
    bench.coordinator.initProducerId(ID, 60_000, undefined)
    bench.clock.advance(604_800_000 - 1)
    expect(bench.coordinator.get(ID)).toBeDefined()
    bench.clock.advance(3_600_001)
    expect(bench.coordinator.get(ID)).toBeUndefined()
    expect(restart(bench).coordinator.get(ID)).toBeUndefined()
  })

  test('an expired id can be initialised anew, with a new producer id', () => {
    const bench = open()
    const before = bench.coordinator.initProducerId(ID, 60_000, undefined)
    bench.clock.advance(610_000_000)
    const after = bench.coordinator.initProducerId(ID, 60_000, undefined)
    expect(after.producerId).not.toBe(before.producerId)
    expect(after.producerEpoch).toBe(0)
  })

  test('the fault verb ends an open transaction at once', async () => {
    const { coordinator, turn } = prepared(open())
    coordinator.expireTransaction(ID)
    await turn()
    expect(coordinator.get(ID)).toMatchObject({ status: 'CompleteAbort', producerEpoch: 1 })
    expect(refusal(() => coordinator.expireTransaction(ID))).toBe('INVALID_TXN_STATE')
  })

  test('the fault verb fences the producer, within a transaction and outside of one', async () => {
    const { coordinator, producer, turn } = prepared(open())
    coordinator.bumpEpoch(ID)
    await turn()
    expect(refusal(() => coordinator.addPartitions(ID, producer, [ORDERS_0], 0))).toBe('PRODUCER_FENCED')
    const { producerEpoch } = coordinator.get(ID)!
    coordinator.bumpEpoch(ID)
    expect(coordinator.get(ID)?.producerEpoch).toBe(producerEpoch + 1)
  })
})

describe('admitting batches', () => {
  const admit = (bench: Bench, producerEpoch: number, isImplicit: boolean, partition = ORDERS_0): string => {
    const { producerId } = bench.coordinator.get(ID) ?? { producerId: 0 }
    const code = bench.coordinator.admit(ID, { producerId, producerEpoch }, [partition], isImplicit)
    return kafkaError(code).name
  }

  test('transaction.version 2 adds the partition by itself', () => {
    const bench = open()
    bench.coordinator.initProducerId(ID, 60_000, undefined)
    expect(admit(bench, 0, true)).toBe('NONE')
    expect(bench.coordinator.get(ID)).toMatchObject({ status: 'Ongoing', clientVersion: 2 })
  })

  test('before it, a partition that was not added is refused', () => {
    const bench = open()
    prepared(bench)
    expect(admit(bench, 0, false)).toBe('NONE')
    expect(admit(bench, 0, false, ORDERS_1)).toBe('TRANSACTION_ABORTABLE')
  })

  test.each([true, false])('a fenced producer has an invalid epoch (implicit: %s)', (isImplicit) => {
    const bench = open()
    prepared(bench)
    expect(admit(bench, 1, isImplicit)).toBe('INVALID_PRODUCER_EPOCH')
  })

  test.each([true, false])('an unknown id has no mapping (implicit: %s)', (isImplicit) => {
    expect(admit(open(), 0, isImplicit)).toBe('INVALID_PRODUCER_ID_MAPPING')
  })

  test.each([true, false])('batches wait for the markers of the transaction before (implicit: %s)', (isImplicit) => {
    const bench = open()
    const { coordinator, producer } = prepared(bench)
    coordinator.end(ID, producer, true, 0)
    expect(admit(bench, 0, isImplicit)).toBe('CONCURRENT_TRANSACTIONS')
  })

  test('2.8 verifies nothing', () => {
    const bench = open({ release: '2.8', transactionVersion: 0 })
    prepared(bench)
    expect(admit(bench, 0, false, ORDERS_1)).toBe('NONE')
  })
})

describe('after a restart', () => {
  test.each([
    ['commit', true, 'CompleteCommit'],
    ['abort', false, 'CompleteAbort'],
  ] as const)('a prepared %s is completed', async (type, isCommit, status) => {
    const before = open()
    const { coordinator, producer } = prepared(before, [ORDERS_0, OFFSETS])
    coordinator.end(ID, producer, isCommit, 0)
    const after = restart(before)
    expect(refusal(() => after.coordinator.initProducerId(ID, 60_000, undefined))).toBe('CONCURRENT_TRANSACTIONS')
    await after.turn()
    expect(after.coordinator.get(ID)?.status).toBe(status)
    expect(after.log('orders').markers).toMatchObject([{ type }])
    expect(after.offsetsEnded).toHaveLength(1)
  })

  test('an open transaction goes on', async () => {
    const before = open()
    const { producer } = prepared(before)
    const after = restart(before)
    const { coordinator } = after
    expect(refusal(() => coordinator.verifyPartitions(ID, producer, [ORDERS_0]))).toBe('NONE')
    coordinator.end(ID, producer, true, 0)
    await after.turn()
    expect(after.log('orders').markers).toMatchObject([{ type: 'commit' }])
  })

  test('an open transaction times out', async () => {
    const before = open()
    prepared(before)
    const after = restart(before)
    after.clock.advance(80_000)
    await after.turn()
    expect(after.coordinator.get(ID)?.status).toBe('CompleteAbort')
  })

  test.each([
    ['Empty', 0],
    ['CompleteCommit', 1],
  ])('an id that is %s keeps its producer and fences the one before', async (status, ends) => {
    const before = open()
    const producer = before.coordinator.initProducerId(ID, 45_000, undefined)
    for (let i = 0; i < ends; i++) {
      before.coordinator.addPartitions(ID, producer, [ORDERS_0], 0)
      before.coordinator.end(ID, producer, true, 0)
      await before.turn()
    }
    const after = restart(before)
    expect(after.coordinator.get(ID)).toMatchObject({ status, timeoutMs: 45_000, producerEpoch: 0 })
    expect(after.coordinator.initProducerId(ID, 45_000, undefined)).toMatchObject({
      producerId: producer.producerId,
      producerEpoch: 1,
    })
  })

  test('the end of a transaction of version 2 is still known to its retry', async () => {
    const before = open()
    const { coordinator, producer, turn } = prepared(before, [ORDERS_0], 2)
    coordinator.end(ID, producer, true, 2)
    await turn()
    expect(restart(before).coordinator.end(ID, producer, true, 2)).toMatchObject({ producerEpoch: 1 })
  })

  test('no producer id is given twice, however the process ended', () => {
    let bench = open()
    const seen = new Set<number>()
    for (let life = 0; life < 5; life++) {
      for (let i = 0; i < 300; i++) seen.add(bench.coordinator.newProducerId())
      bench = restart(bench)
    }
    expect(seen.size).toBe(1500)
  })

  test('a record that nobody understands is named and left out', () => {
    const before = open()
    before.coordinator.initProducerId(ID, 60_000, undefined)
    stateLog(before).appendOwn([{ key: Uint8Array.of(0, 9), value: null }])
    const after = restart(before)
    expect(after.logged.join()).toMatch('is left out')
    expect(after.coordinator.get(ID)).toBeDefined()
  })
})

describe('__transaction_state', () => {
  test('a record is Kafka’s TransactionLogValue: version 1 with its tags where transaction.version is 2', () => {
    const bench = open()
    bench.coordinator.initProducerId(ID, 60_000, undefined)
    const { key, value } = stateLog(bench).records[0]!
    expect(Buffer.from(key!).toString('latin1')).toBe('\0\0\0\x08payments')
    expect([...value!.subarray(0, 2)]).toEqual([0, 1])
    expect(readStateRecord(key!, value)).toMatchObject({
      transactionalId: ID,
      state: { status: 'Empty', producerEpoch: 0 },
    })
  })

  test('… and version 0 where it is not finalised', () => {
    const bench = open({ transactionVersion: 0 })
    bench.coordinator.initProducerId(ID, 60_000, undefined)
    expect([...stateLog(bench).records[0]!.value!.subarray(0, 2)]).toEqual([0, 0])
  })

  test('ids are placed by Java’s hash', () => {
    // The hash of the last one is Java's smallest int, which has no positive counterpart.
    expect(partitionFor('', 50)).toBe(0)
    expect(partitionFor('a', 50)).toBe(97 % 50)
    expect(partitionFor('polygenelubricants', 50)).toBe(0)
  })

  test('when the topic is deleted its ids are unknown', () => {
    const bench = open()
    const { producer, coordinator } = prepared(bench)
    const topic = bench.disk.topics.get('__transaction_state')
    bench.disk.topics.delete('__transaction_state')
    for (const listener of bench.deleted) listener(topic as unknown as Topic)
    expect(refusal(() => coordinator.end(ID, producer, true, 0))).toBe('INVALID_PRODUCER_ID_MAPPING')
  })
})

/** A bench with an open transaction of producer `payments`. */
function prepared(
  bench: Bench,
  partitions = [ORDERS_0],
  clientVersion = 0,
): Pick<Bench, 'coordinator'> & {
  producer: { producerId: number; producerEpoch: number }
  log: Bench['log']
  turn: Bench['turn']
} {
  const { coordinator } = bench
  const { producerId, producerEpoch } = coordinator.initProducerId(ID, 60_000, undefined)
  const producer = { producerId, producerEpoch }
  coordinator.addPartitions(ID, producer, partitions, clientVersion)
  return { coordinator, producer, log: bench.log.bind(bench), turn: bench.turn.bind(bench) }
}

function stateLog(bench: Bench): ReturnType<Bench['log']> {
  return bench.log('__transaction_state', partitionFor(ID, 4))
}
