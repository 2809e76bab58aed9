import { describe, expect, test } from '@jest/globals'
import { endTransaction } from '../../src/transactions/end-transaction.ts'
import {
  EPOCH_MAX,
  type TransactionState,
  addPartitions,
  complete,
  fence,
  initialise,
  isExpired,
  isTimedOut,
  newTransaction,
  verifyPartitions,
} from '../../src/transactions/transaction-state.ts'

const NOW = 1_000_000
const ORDERS_0 = { topic: 'orders', partition: 0 }
const ORDERS_1 = { topic: 'orders', partition: 1 }
const noNewId = (): number => {
  throw new Error('no new producer id is needed here')
}

/** A known id, producer 10 in epoch 5, unless said otherwise. */
function state(changes: Partial<TransactionState> = {}): TransactionState {
  return { ...newTransaction('payments', 10, 60_000, NOW), producerEpoch: 5, ...changes }
}

function ongoing(changes: Partial<TransactionState> = {}): TransactionState {
  return addPartitions(
    state(changes),
    { producerId: 10, producerEpoch: changes.producerEpoch ?? 5 },
    [ORDERS_0],
    0,
    NOW,
  )
}

function stamp(producerEpoch = 5, producerId = 10): { producerId: number; producerEpoch: number } {
  return { producerId, producerEpoch }
}

function init(from: TransactionState, expected?: { producerId: number; producerEpoch: number }): TransactionState {
  return initialise(from, expected, 30_000, NOW + 1, () => 99)
}

function refusal(step: () => unknown): string {
  try {
    step()
  } catch (error) {
    return (error as Error).name
  }
  return 'NONE'
}

describe('initialising', () => {
  test('an id that nobody used begins with epoch 0', () => {
    expect(init(newTransaction('payments', 10, 60_000, NOW))).toMatchObject({
      producerId: 10,
      producerEpoch: 0,
      status: 'Empty',
    })
  })

  test.each(['Empty', 'CompleteCommit', 'CompleteAbort'] as const)('bumps the epoch of an id that is %s', (status) => {
    const next = init(state({ status, startTimestamp: 7 }))
    expect(next).toMatchObject({
      producerId: 10,
      producerEpoch: 6,
      lastProducerEpoch: -1,
      status: 'Empty',
      timeoutMs: 30_000,
      startTimestamp: -1,
      updateTimestamp: NOW + 1,
    })
  })

  test.each(['PrepareCommit', 'PrepareAbort'] as const)('waits while an id is in %s', (status) => {
    expect(refusal(() => init(state({ status })))).toBe('CONCURRENT_TRANSACTIONS')
  })

  test('with the current epoch bumps it and remembers the old one', () => {
    expect(init(state(), stamp())).toMatchObject({ producerEpoch: 6, lastProducerEpoch: 5 })
  })

  test('a repeated request with an epoch gets the same epoch again', () => {
    const once = init(state(), stamp())
    expect(init(once, stamp())).toMatchObject({ producerEpoch: 6, lastProducerEpoch: 5 })
  })

  test('another producer in between makes the repeated request a fenced one', () => {
    const taken = init(init(state(), stamp()))
    expect(refusal(() => init(taken, stamp()))).toBe('PRODUCER_FENCED')
  })

  test.each([4, 6, 0])('with epoch %d instead of 5 is fenced', (epoch) => {
    expect(refusal(() => init(state(), stamp(epoch)))).toBe('PRODUCER_FENCED')
  })

  test('with the id of another producer is fenced', () => {
    expect(refusal(() => init(state(), stamp(5, 11)))).toBe('PRODUCER_FENCED')
  })

  test('with an id that is waiting for markers is asked to wait, whoever asks', () => {
    expect(refusal(() => init(state({ status: 'PrepareAbort' }), stamp(5, 11)))).toBe('CONCURRENT_TRANSACTIONS')
  })

  test('when the epochs are used up a new producer id begins with epoch 0', () => {
    const next = init(state({ producerEpoch: EPOCH_MAX - 1 }))
    expect(next).toMatchObject({ producerId: 99, previousProducerId: 10, producerEpoch: 0, lastProducerEpoch: -1 })
  })

  test('a repeated request across the change of ids gets the new id again', () => {
    const rotated = init(state({ producerEpoch: EPOCH_MAX - 1 }), stamp(EPOCH_MAX - 1))
    expect(rotated).toMatchObject({ producerId: 99, producerEpoch: 0, lastProducerEpoch: EPOCH_MAX - 1 })
    expect(init(rotated, stamp(EPOCH_MAX - 1))).toMatchObject({ producerId: 99, producerEpoch: 0 })
  })

  test('with a stale epoch of an exhausted id is fenced and takes no new id', () => {
    const exhausted = state({ producerEpoch: EPOCH_MAX - 1 })
    expect(refusal(() => initialise(exhausted, stamp(3), 1, NOW, noNewId))).toBe('PRODUCER_FENCED')
  })
})

describe('adding partitions', () => {
  test.each(['Empty', 'CompleteCommit', 'CompleteAbort'] as const)('begins a transaction from %s', (status) => {
    const next = addPartitions(state({ status }), stamp(), [ORDERS_0], 0, NOW + 5)
    expect(next).toMatchObject({ status: 'Ongoing', startTimestamp: NOW + 5, updateTimestamp: NOW + 5 })
    expect([...next.partitions.get('orders')!]).toEqual([0])
  })

  test('to an open transaction keeps its beginning', () => {
    const next = addPartitions(ongoing(), stamp(), [ORDERS_1], 0, NOW + 9)
    expect(next).toMatchObject({ startTimestamp: NOW, updateTimestamp: NOW + 9 })
    expect([...next.partitions.get('orders')!]).toEqual([0, 1])
  })

  test('what is there already changes nothing', () => {
    const open = ongoing()
    expect(addPartitions(open, stamp(), [ORDERS_0], 0, NOW + 9)).toBe(open)
  })

  test('leaves the state it came from as it was', () => {
    const open = ongoing()
    addPartitions(open, stamp(), [ORDERS_1], 0, NOW)
    expect([...open.partitions.get('orders')!]).toEqual([0])
  })

  test('no partitions at all still begins one', () => {
    expect(addPartitions(state(), stamp(), [], 0, NOW).status).toBe('Ongoing')
  })

  test.each(['PrepareCommit', 'PrepareAbort'] as const)('waits while an id is in %s, whoever asks', (status) => {
    expect(refusal(() => addPartitions(state({ status }), stamp(1, 1), [ORDERS_0], 0, NOW))).toBe(
      'CONCURRENT_TRANSACTIONS',
    )
  })

  test('another producer id has no mapping', () => {
    expect(refusal(() => addPartitions(state(), stamp(5, 11), [ORDERS_0], 0, NOW))).toBe('INVALID_PRODUCER_ID_MAPPING')
  })

  test.each([4, 6])('epoch %d instead of 5 is fenced', (epoch) => {
    expect(refusal(() => addPartitions(state(), stamp(epoch), [ORDERS_0], 0, NOW))).toBe('PRODUCER_FENCED')
  })
})

describe('verifying', () => {
  test('a partition of the open transaction is fine', () => {
    expect(refusal(() => verifyPartitions(ongoing(), stamp(), [ORDERS_0]))).toBe('NONE')
  })

  test('a partition that was not added can only be aborted', () => {
    expect(refusal(() => verifyPartitions(ongoing(), stamp(), [ORDERS_0, ORDERS_1]))).toBe('TRANSACTION_ABORTABLE')
  })

  test('a complete transaction holds no partition', () => {
    const done = complete(endTransaction(ongoing(), stamp(), true, 0, NOW, noNewId), NOW)
    expect(refusal(() => verifyPartitions(done, stamp(), [ORDERS_0]))).toBe('TRANSACTION_ABORTABLE')
  })

  test('the producer is checked before the state', () => {
    const ending = endTransaction(ongoing(), stamp(), true, 0, NOW, noNewId)
    expect(refusal(() => verifyPartitions(ending, stamp(5, 11), [ORDERS_0]))).toBe('INVALID_PRODUCER_ID_MAPPING')
    expect(refusal(() => verifyPartitions(ending, stamp(4), [ORDERS_0]))).toBe('PRODUCER_FENCED')
    expect(refusal(() => verifyPartitions(ending, stamp(), [ORDERS_0]))).toBe('CONCURRENT_TRANSACTIONS')
  })
})

describe('ending, before KIP-890', () => {
  const end = (from: TransactionState, isCommit: boolean, by = stamp()): TransactionState =>
    endTransaction(from, by, isCommit, 0, NOW + 3, noNewId)

  test.each([
    [true, 'PrepareCommit', 'CompleteCommit'],
    [false, 'PrepareAbort', 'CompleteAbort'],
  ] as const)('commit=%s goes by %s to %s and keeps the epoch', (isCommit, prepared, completed) => {
    const ending = end(ongoing(), isCommit)
    expect(ending).toMatchObject({ status: prepared, producerEpoch: 5, startTimestamp: NOW })
    expect([...ending.partitions.get('orders')!]).toEqual([0])
    expect(complete(ending, NOW + 4)).toMatchObject({ status: completed, producerEpoch: 5, updateTimestamp: NOW + 4 })
    expect(complete(ending, NOW + 4).partitions.size).toBe(0)
  })

  test.each([
    ['Empty', true, 'INVALID_TXN_STATE'],
    ['Empty', false, 'INVALID_TXN_STATE'],
    ['CompleteCommit', true, 'NONE'],
    ['CompleteCommit', false, 'INVALID_TXN_STATE'],
    ['CompleteAbort', true, 'INVALID_TXN_STATE'],
    ['CompleteAbort', false, 'NONE'],
    ['PrepareCommit', true, 'CONCURRENT_TRANSACTIONS'],
    ['PrepareAbort', false, 'CONCURRENT_TRANSACTIONS'],
  ] as const)('from %s with commit=%s comes to %s', (status, isCommit, outcome) => {
    const from = state({ status })
    expect(refusal(() => end(from, isCommit))).toBe(outcome)
    if (outcome === 'NONE') expect(end(from, isCommit)).toBe(from)
  })

  test.each([4, 6])('epoch %d instead of 5 is fenced', (epoch) => {
    expect(refusal(() => end(ongoing(), true, stamp(epoch)))).toBe('PRODUCER_FENCED')
  })
})

describe('ending, KIP-890', () => {
  const end = (from: TransactionState, isCommit: boolean, by = stamp()): TransactionState =>
    endTransaction(from, by, isCommit, 2, NOW + 3, () => 99)

  test.each([true, false])('commit=%s bumps the epoch', (isCommit) => {
    const ending = end(ongoing(), isCommit)
    expect(ending).toMatchObject({ producerEpoch: 6, lastProducerEpoch: 5, clientVersion: 2, startTimestamp: NOW })
    expect(complete(ending, NOW)).toMatchObject({ producerId: 10, producerEpoch: 6, lastProducerEpoch: 5 })
  })

  // Kafka's own table of it: a retry carries the epoch before the current one.
  test.each([
    ['Empty', 'retry', false, 'PRODUCER_FENCED'],
    ['Empty', 'current', false, 'bump'],
    ['Empty', 'retry', true, 'PRODUCER_FENCED'],
    ['Empty', 'current', true, 'INVALID_TXN_STATE'],
    ['CompleteAbort', 'retry', false, 'same'],
    ['CompleteAbort', 'current', false, 'bump'],
    ['CompleteAbort', 'retry', true, 'INVALID_TXN_STATE'],
    ['CompleteAbort', 'current', true, 'INVALID_TXN_STATE'],
    ['CompleteCommit', 'retry', false, 'INVALID_TXN_STATE'],
    ['CompleteCommit', 'current', false, 'bump'],
    ['CompleteCommit', 'retry', true, 'same'],
    ['CompleteCommit', 'current', true, 'INVALID_TXN_STATE'],
    ['PrepareCommit', 'retry', true, 'CONCURRENT_TRANSACTIONS'],
    ['PrepareAbort', 'retry', true, 'CONCURRENT_TRANSACTIONS'],
    ['Ongoing', 'retry', true, 'PRODUCER_FENCED'],
  ] as const)('%s, %s epoch, commit=%s: %s', (status, which, isCommit, outcome) => {
    const from = state({ status })
    const by = stamp(which === 'retry' ? 4 : 5)
    if (outcome === 'same') expect(end(from, isCommit, by)).toBe(from)
    else if (outcome === 'bump') {
      expect(end(from, isCommit, by)).toMatchObject({
        status: 'PrepareAbort',
        producerEpoch: 6,
        startTimestamp: NOW + 3,
      })
    } else expect(refusal(() => end(from, isCommit, by))).toBe(outcome)
  })

  test('the last epoch leads over to a new producer id, and the client sees MAX-1 followed by 0', () => {
    const ending = end(ongoing({ producerEpoch: EPOCH_MAX - 1 }), true, stamp(EPOCH_MAX - 1))
    expect(ending).toMatchObject({ producerId: 10, producerEpoch: EPOCH_MAX, nextProducerId: 99 })
    const done = complete(ending, NOW)
    expect(done).toMatchObject({ producerId: 99, producerEpoch: 0, previousProducerId: 10, nextProducerId: -1 })
    expect(end(done, true, stamp(EPOCH_MAX - 1))).toBe(done)
    expect(refusal(() => end(done, false, stamp(EPOCH_MAX - 1)))).toBe('INVALID_TXN_STATE')
  })

  test('another producer id has no mapping', () => {
    expect(refusal(() => end(ongoing(), true, stamp(5, 11)))).toBe('INVALID_PRODUCER_ID_MAPPING')
  })
})

describe('fencing', () => {
  test.each([
    [0, -1],
    [2, 5],
  ])('a client of transaction.version %d has its epoch bumped once, the last one is %d', (version, lastEpoch) => {
    const fenced = fence(ongoing(), version, NOW + 2, noNewId)
    expect(fenced).toMatchObject({ status: 'PrepareAbort', producerEpoch: 6, lastProducerEpoch: lastEpoch })
    expect(complete(fenced!, NOW)).toMatchObject({ status: 'CompleteAbort', producerEpoch: 6 })
  })

  test.each(['Empty', 'PrepareCommit', 'PrepareAbort', 'CompleteCommit', 'CompleteAbort'] as const)(
    'there is nothing to fence in %s',
    (status) => {
      expect(fence(state({ status }), 2, NOW, noNewId)).toBeUndefined()
    },
  )

  test('the last epoch of version 0 is followed by a new producer id at the next initialisation', () => {
    const fenced = fence(ongoing({ producerEpoch: EPOCH_MAX - 1 }), 0, NOW, noNewId)!
    expect(fenced).toMatchObject({ producerEpoch: EPOCH_MAX, nextProducerId: -1 })
    expect(init(complete(fenced, NOW))).toMatchObject({ producerId: 99, producerEpoch: 0 })
  })

  test('the last epoch of version 2 is followed by a new producer id at once', () => {
    const fenced = fence(ongoing({ producerEpoch: EPOCH_MAX - 1 }), 2, NOW, () => 99)!
    expect(complete(fenced, NOW)).toMatchObject({ producerId: 99, producerEpoch: 0 })
  })
})

describe('time', () => {
  test('an open transaction times out after its time-out, not at it', () => {
    expect(isTimedOut(ongoing(), NOW + 60_000)).toBe(false)
    expect(isTimedOut(ongoing(), NOW + 60_001)).toBe(true)
    expect(isTimedOut(state({ startTimestamp: 0 }), NOW)).toBe(false)
  })

  test('an id with nothing open expires', () => {
    expect(isExpired(state(), 1000, NOW + 999)).toBe(false)
    expect(isExpired(state(), 1000, NOW + 1000)).toBe(true)
    expect(isExpired(ongoing(), 1000, NOW + 1000)).toBe(false)
    expect(isExpired(state({ status: 'PrepareAbort' }), 1000, NOW + 1000)).toBe(false)
  })
})
