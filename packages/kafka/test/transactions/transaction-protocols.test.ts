import { afterEach, describe, expect, test } from '@jest/globals'
import { PartitionQueue } from '../../src/produce/partition-queue.ts'
import { TransactionRequests } from '../../src/transactions/transaction-requests.ts'
import { fullRange } from '../fake/fake-cluster.ts'
import {
  GROUP,
  ID,
  attempts,
  cluster,
  commit,
  committed,
  offset,
  open,
  producer,
  range,
  record,
  refusal,
  start,
  stop,
  takeOver,
  versionsOf,
} from './copier.ts'

const TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53

afterEach(() => stop())

describe('the older protocol', () => {
  test('keeps to versions that do not add partitions by themselves', async () => {
    await open(1)
    await commit('a')
    expect(versionsOf('Produce')).toEqual([11])
    expect(versionsOf('EndTxn')).toEqual([4])
    expect(versionsOf('TxnOffsetCommit')).toEqual([4])
  })

  test('all partitions of a turn are added in one request, before anything is sent to one of them', async () => {
    await open(1, {}, 1, 10)
    cluster.failNext('AddPartitionsToTxn', { do: 'delay', ms: 50 })
    producer.begin()
    void producer.produce(range(10).map((partition) => record('v', partition)))
    await producer.commit()
    const apis = cluster.requests.map(({ api }) => api).filter((api) => /AddPartitions|Produce$|EndTxn/.test(api))
    expect(apis).toEqual(['AddPartitionsToTxn', 'Produce', 'EndTxn'])
  })

  test('a partition or a group is added once per transaction', async () => {
    await open(1)
    producer.begin()
    for (const i of range(5)) {
      await producer.produce([record(`${i}`)])
      await producer.sendOffsets(GROUP, [offset(i)])
    }
    await producer.commit()
    expect(cluster.count('AddPartitionsToTxn')).toBe(1)
    expect(cluster.count('AddOffsetsToTxn')).toBe(1)
    await commit('again')
    expect(cluster.count('AddPartitionsToTxn')).toBe(2)
    expect(cluster.count('AddOffsetsToTxn')).toBe(2)
  })

  test('without faults the epoch stays, and numbers run on from transaction to transaction', async () => {
    await open(1)
    for (const value of ['a', 'b', 'c']) await commit(value)
    expect(attempts()).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
    ])
    expect(cluster.count('InitProducerId')).toBe(1)
  })

  test.each(['EndTxn', 'AddPartitionsToTxn', 'TxnOffsetCommit', 'Produce'] as const)(
    'after a lost answer to %s the next transaction has an epoch of its own, so that a late copy is refused',
    async (api) => {
      await open(1)
      await commit('a')
      const before = cluster.transactions.numbersOf(ID)
      cluster.failNext(api, { do: 'act-and-drop' })
      await commit('b')
      producer.begin()
      await producer.produce([record('c')])
      const { errorCode } = cluster.transactions.end(ID, before, false, 4)
      expect(errorCode).toBe(90)
      await producer.commit()
      expect(committed()).toEqual(['a', 'b', 'c'])
      expect(attempts().at(-1)).toEqual([1, 0])
    },
  )

  test('after an abort that cut off a batch to be sent again the next transaction has an epoch of its own', async () => {
    await open(1)
    await commit('a')
    producer.begin()
    const notLeader = 6
    cluster.failNext('Produce', { do: 'refuse', errorCode: notLeader })
    const cut = refusal(producer.produce([record('cut')]))
    while (cluster.count('Produce') < 2) await new Promise((resolve) => setTimeout(resolve, 1))
    await producer.abort()
    expect(await cut).toMatchObject({ code: 'KAFKA_TRANSACTION_ABORTABLE' })
    await commit('b')
    expect(committed()).toEqual(['a', 'b'])
    expect(attempts()).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
    ])
  })

  test('after an abort without failures the epoch stays', async () => {
    await open(1)
    producer.begin()
    await producer.produce([record('a')])
    await producer.abort()
    await commit('b')
    expect(attempts()).toEqual([
      [0, 0],
      [0, 1],
    ])
  })

  test('if the next epoch cannot be had after a commit, the commit stands and the producer ends', async () => {
    await open(1)
    producer.begin()
    await producer.produce([record('a')])
    cluster.failNext('EndTxn', { do: 'act-and-drop' })
    cluster.failNext('InitProducerId', { do: 'refuse', errorCode: TRANSACTIONAL_ID_AUTHORIZATION_FAILED })
    await producer.commit()
    expect(committed()).toEqual(['a'])
    expect(() => producer.begin()).toThrow(/cannot go on/)
  })
})

describe("KIP-890's protocol", () => {
  test('asks for nothing before it produces, and takes the next epoch from the end', async () => {
    await open(2)
    await commit('a')
    producer.begin()
    await producer.produce([record('lost')])
    await producer.abort()
    await commit('b')
    expect(cluster.count('AddPartitionsToTxn')).toBe(0)
    expect(cluster.count('AddOffsetsToTxn')).toBe(0)
    expect(Math.min(...versionsOf('Produce'))).toBeGreaterThanOrEqual(12)
    expect(new Set(versionsOf('EndTxn'))).toEqual(new Set([5]))
    expect(new Set(versionsOf('TxnOffsetCommit'))).toEqual(new Set([5]))
    expect(attempts()).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
    ])
  })

  test('is not spoken to a cluster that has finalised it, but not to this version of Produce', async () => {
    await start(2)
    cluster.versions.set('Produce', { ...fullRange('Produce'), maxVersion: 11 })
    // A client that comes after that is told so.
    cluster.brokers[0]!.dropConnections()
    await takeOver()
    await commit('a')
    expect(cluster.count('AddPartitionsToTxn')).toBe(1)
    expect(versionsOf('EndTxn')).toEqual([4])
    expect(committed()).toEqual(['a'])
  })
})

describe('the fake cluster tells a wrong producer:', () => {
  const undone: (() => void)[] = []

  /** Plants a fault into a class, for one test. */
  function plant<T extends object, K extends keyof T>(prototype: T, method: K, wrong: (right: T[K]) => T[K]): void {
    const right = prototype[method]
    prototype[method] = wrong(right)
    undone.push(() => (prototype[method] = right))
  }

  afterEach(() => {
    for (const undo of undone.splice(0)) undo()
  })

  test('one that forgets to add a partition commits nothing', async () => {
    plant(
      TransactionRequests.prototype,
      'addPartitions',
      (right) =>
        function (this: TransactionRequests, numbers, partitions, deadline) {
          return right.call(this, numbers, partitions.slice(0, -1), deadline)
        },
    )
    await open(1)
    expect(await refusal(commit('a', 'b'))).toMatchObject({
      code: 'KAFKA_TRANSACTION_ABORTABLE',
      place: { error: 'INVALID_TXN_STATE' },
    })
    expect([...committed(0), ...committed(1)]).toEqual([])
  })

  test('one that uses a number twice loses records', async () => {
    plant(
      PartitionQueue.prototype,
      'identify',
      (right) =>
        function (this: PartitionQueue, batch) {
          return { ...right.call(this, batch), baseSequence: 0 }
        },
    )
    await open(1)
    await commit('a')
    await commit('b')
    expect(committed()).toEqual(['a'])
  })

  test('one that keeps its epoch after a lost answer has its next transaction ended by the late copy', async () => {
    plant(
      TransactionRequests.prototype,
      'init',
      (right) =>
        async function (this: TransactionRequests, current, deadline) {
          return current === null ? right.call(this, current, deadline) : { ...current, isV2: false }
        },
    )
    await open(1)
    const before = cluster.transactions.numbersOf(ID)
    cluster.failNext('EndTxn', { do: 'act-and-drop' })
    await commit('a')
    producer.begin()
    await producer.produce([record('b')])
    expect(cluster.transactions.end(ID, before, true, 4).errorCode).toBe(0)
    expect(committed()).toEqual(['a', 'b'])
  })
})
