import { afterEach, describe, expect, test } from '@jest/globals'
import type { ApiName } from '@sluice/kafka-protocol'
import type { SluiceError } from '@sluice/sdk'
import type { Fault } from '../fake/fake-cluster.ts'
import {
  GROUP,
  ID,
  cluster,
  commit,
  committed,
  committedOffset,
  kafka,
  offset,
  open,
  producer,
  range,
  record,
  refusal,
  start,
  stop,
  takeOver,
} from './copier.ts'

const COORDINATOR_LOAD_IN_PROGRESS = 14
const NOT_COORDINATOR = 16
const ILLEGAL_GENERATION = 22
const OUT_OF_ORDER = 45
const INVALID_PRODUCER_ID_MAPPING = 49
const CONCURRENT_TRANSACTIONS = 51
const TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53
const UNKNOWN_PRODUCER_ID = 59
const FENCED_INSTANCE_ID = 82
const TRANSACTION_ABORTABLE = 120

afterEach(() => stop())

describe.each([1, 2])('transaction.version %i:', (version) => {
  const APIS: readonly ApiName[] = ['Produce', 'TxnOffsetCommit', 'EndTxn']
  const OLDER: readonly ApiName[] = version === 1 ? ['AddPartitionsToTxn', 'AddOffsetsToTxn'] : []

  describe('a transaction is committed once although', () => {
    const losses: [string, Fault][] = [
      ['does not reach the broker', { do: 'drop' }],
      ['is acted upon, and its answer lost', { do: 'act-and-drop' }],
      ['is answered in half', { do: 'truncate' }],
      ['is answered too late', { do: 'delay', ms: 400 }],
      ['meets a coordinator that loads', { do: 'refuse', errorCode: COORDINATOR_LOAD_IN_PROGRESS }],
      ['meets the transaction before', { do: 'refuse', errorCode: CONCURRENT_TRANSACTIONS }],
    ]
    for (const api of [...APIS, ...OLDER]) {
      test.each(losses)(`${api} %s`, async (_, fault) => {
        await open(version)
        await commit('a', 'b')
        cluster.failNext(api, fault)
        await commit('c', 'd')
        await commit('e', 'f')
        expect(committed(0)).toEqual(['a', 'c', 'e'])
        expect(committed(1)).toEqual(['b', 'd', 'f'])
        expect(committedOffset()).toBe(2)
      })
    }

    test.each([...APIS, ...OLDER])('%s meets the transaction before ten times', async (api) => {
      await open(version)
      cluster.failNext(api, ...range(10).map((): Fault => ({ do: 'refuse', errorCode: CONCURRENT_TRANSACTIONS })))
      await commit('a')
      expect(committed()).toEqual(['a'])
      expect(committedOffset()).toBe(1)
    })

    test('the coordinators move between any two requests', async () => {
      await open(version, {}, 2)
      let requests = 0
      cluster.faults.push(({ api }) => {
        if (api !== 'FindCoordinator' && requests++ % 3 === 0) cluster.coordinator = 3 - cluster.coordinator
        return undefined
      })
      for (const i of range(4)) await commit(`${i}`, `${i}`)
      expect(committed(0)).toEqual(range(4).map(String))
      expect(committed(1)).toEqual(range(4).map(String))
    })

    test('an answer of EndTxn is not Kafka', async () => {
      await open(version)
      cluster.failNext('EndTxn', { do: 'garbage' })
      await commit('a')
      expect(committed()).toEqual(['a'])
    })
  })

  test('an abort whose answer is lost is repeated, and hides everything', async () => {
    await open(version)
    cluster.failNext('EndTxn', { do: 'act-and-drop' })
    producer.begin()
    await producer.produce([record('a')])
    await producer.abort()
    await commit('b')
    expect(committed()).toEqual(['b'])
  })

  test('the answer to InitProducerId is lost: there is one owner in the end', async () => {
    await start(version)
    cluster.failNext(
      'InitProducerId',
      { do: 'act-and-drop' },
      { do: 'drop' },
      { do: 'refuse', errorCode: CONCURRENT_TRANSACTIONS },
    )
    await takeOver()
    await commit('a')
    expect(committed()).toEqual(['a'])
  })

  describe('a commit of unknown outcome', () => {
    test('says so, takes nothing more, and is settled by committing again', async () => {
      await open(version, { deliveryTimeoutMs: 700 })
      let isMute = true
      cluster.faults.push(({ api }) => (api === 'EndTxn' && isMute ? { do: 'act-and-drop' } : undefined))
      producer.begin()
      await producer.produce([record('a')])
      const error = await refusal(producer.commit())
      expect(error).toMatchObject({ code: 'KAFKA_TIMEOUT', retriable: true })
      expect(error.message).toMatch(/unknown/)
      expect(() => producer.begin()).toThrow(/out of turn/)
      expect(await refusal(producer.abort())).toMatchObject({ code: 'KAFKA_TRANSACTION_STATE' })
      isMute = false
      await producer.commit()
      await commit('b')
      expect(committed()).toEqual(['a', 'b'])
    })

    test('that never reached the broker is not committed, and committing again commits it', async () => {
      await open(version, { deliveryTimeoutMs: 700 })
      let isMute = true
      cluster.faults.push(({ api }) => (api === 'EndTxn' && isMute ? { do: 'drop' } : undefined))
      producer.begin()
      await producer.produce([record('a')])
      expect(await refusal(producer.commit())).toMatchObject({ code: 'KAFKA_TIMEOUT' })
      expect(committed()).toEqual([])
      isMute = false
      await producer.commit()
      expect(committed()).toEqual(['a'])
    })

    test('is settled by the next owner: committed, or hidden for good', async () => {
      for (const fault of ['drop', 'act-and-drop'] as const) {
        await open(version, { deliveryTimeoutMs: 500 })
        let isMute = true
        cluster.faults.push(({ api }) => (api === 'EndTxn' && isMute ? { do: fault } : undefined))
        producer.begin()
        await producer.produce([record('a')])
        expect(await refusal(producer.commit())).toMatchObject({ code: 'KAFKA_TIMEOUT' })
        isMute = false
        const old = producer
        await takeOver()
        await commit('b')
        expect(await refusal(old.commit())).toMatchObject({ code: 'KAFKA_FENCED' })
        expect(committed()).toEqual(fault === 'drop' ? ['b'] : ['a', 'b'])
        if (fault === 'drop') {
          await stop()
        }
      }
    })
  })

  test('a commit that is refused as fenced after a lost answer says that its outcome is unknown', async () => {
    await open(version)
    producer.begin()
    await producer.produce([record('a')])
    let isFirst = true
    cluster.faults.push(({ api }) => {
      if (api !== 'EndTxn' || !isFirst) return undefined
      isFirst = false
      // By the time it is asked again, another owner is there.
      setTimeout(() => cluster.transactions.init(ID, { producerId: -1, producerEpoch: -1 }), 20)
      return { do: 'act-and-drop' }
    })
    const error = await refusal(producer.commit())
    expect(error.code).toBe('KAFKA_FENCED')
    expect((error.cause as Error).message).toMatch(/unknown/)
    expect(committed()).toEqual(['a'])
  })

  describe('a failure dooms the transaction, and after abort the producer goes on:', () => {
    const refusals: [string, ApiName, number][] = [
      ['the broker has lost what came before', 'Produce', OUT_OF_ORDER],
      ['the broker has forgotten the producer', 'Produce', UNKNOWN_PRODUCER_ID],
      ['the broker says that it is to be aborted', 'Produce', TRANSACTION_ABORTABLE],
      ['the coordinator has lost the id', 'Produce', INVALID_PRODUCER_ID_MAPPING],
      ['the group has moved on', 'TxnOffsetCommit', ILLEGAL_GENERATION],
      ['the commit is to be aborted', 'EndTxn', TRANSACTION_ABORTABLE],
    ]
    test.each(refusals)('%s', async (_, api, errorCode) => {
      await open(version)
      await commit('a')
      cluster.failNext(api, { do: 'refuse', errorCode })
      expect(await refusal(commit('lost'))).toMatchObject({ code: 'KAFKA_TRANSACTION_ABORTABLE' })
      expect(await refusal(producer.commit())).toMatchObject({ code: 'KAFKA_TRANSACTION_ABORTABLE' })
      await producer.abort()
      await commit('b')
      await commit('c')
      expect(committed()).toEqual(['a', 'b', 'c'])
    })

    test('a batch that is not confirmed in time', async () => {
      await open(version, { deliveryTimeoutMs: 700 })
      await commit('a')
      let isMute = true
      cluster.faults.push(({ api }) => (api === 'Produce' && isMute ? { do: 'act-and-drop' } : undefined))
      producer.begin()
      const error = await refusal(producer.produce([record('lost')]))
      expect(error).toMatchObject({ code: 'KAFKA_TRANSACTION_ABORTABLE', cause: { code: 'KAFKA_TIMEOUT' } })
      isMute = false
      await producer.abort()
      await commit('b')
      expect(committed()).toEqual(['a', 'b'])
    })

    test('the id has expired at its coordinator', async () => {
      await open(version)
      await commit('a')
      cluster.transactions.forget(ID)
      expect(await refusal(commit('lost'))).toMatchObject({ code: 'KAFKA_TRANSACTION_ABORTABLE' })
      // Another one, as the coordinator sees it, has the id now.
      cluster.transactions.init(ID, { producerId: -1, producerEpoch: -1 })
      const outcome = await producer.abort().then(
        () => 'aborted',
        ({ code }: SluiceError) => code,
      )
      expect(['aborted', 'KAFKA_FENCED']).toContain(outcome)
      expect(committed()).toEqual(['a'])
    })

    test('an abort that cannot reach its coordinator is to be repeated', async () => {
      await open(version, { deliveryTimeoutMs: 500 })
      producer.begin()
      await producer.produce([record('lost')])
      let isMute = true
      cluster.faults.push(({ api }) => (api === 'EndTxn' && isMute ? { do: 'drop' } : undefined))
      expect(await refusal(producer.abort())).toMatchObject({ retriable: true })
      expect(() => producer.begin()).toThrow(/cannot be committed/)
      isMute = false
      await producer.abort()
      await commit('a')
      expect(committed()).toEqual(['a'])
    })
  })

  test('a static member that was replaced is fenced; the transaction can be aborted', async () => {
    await open(version)
    producer.begin()
    await producer.produce([record('lost')])
    cluster.failNext('TxnOffsetCommit', { do: 'refuse', errorCode: FENCED_INSTANCE_ID })
    expect(await refusal(producer.sendOffsets(GROUP, [offset(1)]))).toMatchObject({
      code: 'KAFKA_FENCED',
      place: { error: 'FENCED_INSTANCE_ID' },
    })
    expect(await refusal(producer.commit())).toMatchObject({ code: 'KAFKA_FENCED' })
    await producer.abort()
    expect(committed()).toEqual([])
  })

  test('no permission for the transactional id is the end, at the start and later', async () => {
    await open(version)
    producer.begin()
    await producer.produce([record('a')])
    const denied: Fault = { do: 'refuse', errorCode: TRANSACTIONAL_ID_AUTHORIZATION_FAILED }
    cluster.failNext('EndTxn', denied)
    const error = { code: 'KAFKA_REFUSED', place: { error: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED' } }
    expect(await refusal(producer.commit())).toMatchObject(error)
    expect(await refusal(producer.abort())).toMatchObject(error)
    expect(() => producer.begin()).toThrow(/cannot go on/)
    cluster.failNext('InitProducerId', denied)
    expect(await refusal(kafka.transactionalProducer({ transactionalId: ID }))).toMatchObject(error)
  })

  test('an abort waits for batches on their way, and sends none of the others', async () => {
    await open(version, { batchBytesMax: 1024, inFlightMax: 1 })
    await commit('a')
    producer.begin()
    cluster.failNext('Produce', { do: 'delay', ms: 100 })
    const calls = Promise.allSettled(range(20).map((i) => producer.produce([record(`${i}`.padEnd(900, '.'))])))
    while (cluster.count('Produce') < 2) await new Promise((resolve) => setTimeout(resolve, 1))
    await producer.abort()
    expect((await calls).map(({ status }) => status)).toEqual(['fulfilled', ...range(19).map(() => 'rejected')])
    expect(cluster.count('Produce')).toBe(2)
    expect(cluster.requests.at(-1)!.api).toBe('EndTxn')
    await commit('b')
    expect(committed()).toEqual(['a', 'b'])
  })

  test('closing gives up an abort that cannot be had in time, and asks no more', async () => {
    await open(version)
    producer.begin()
    await producer.produce([record('a')])
    cluster.faults.push(({ api }) => (api === 'EndTxn' ? { do: 'drop' } : undefined))
    await producer.close(300)
    const asked = cluster.count('EndTxn')
    expect(asked).toBeGreaterThan(0)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(cluster.count('EndTxn')).toBeLessThanOrEqual(asked + 1)
    expect(await refusal(producer.abort())).toMatchObject({ code: 'INTERRUPTED' })
  })

  test('what was given up as fenced is not sent any more', async () => {
    await open(version, { batchBytesMax: 1024, inFlightMax: 1 })
    await commit('a')
    cluster.transactions.init(ID, { producerId: -1, producerEpoch: -1 })
    producer.begin()
    const calls = range(20).map((i) => producer.produce([record(`${i}`.padEnd(900, '.'))]))
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'KAFKA_FENCED' } })
    }
    expect(cluster.count('Produce')).toBe(version === 1 ? 1 : 2)
    expect(committed()).toEqual(['a'])
  })

  test('random faults: every transaction is there whole, once, or not at all', async () => {
    await open(version, { deliveryTimeoutMs: 20_000, requestTimeoutMs: 200, batchBytesMax: 1024 }, 2)
    let seed = 11
    const random = (): number => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff
    const faults: Fault[] = [
      { do: 'drop' },
      { do: 'act-and-drop' },
      { do: 'act-and-drop' },
      { do: 'truncate' },
      { do: 'refuse', errorCode: NOT_COORDINATOR },
      { do: 'refuse', errorCode: CONCURRENT_TRANSACTIONS },
      { do: 'delay', ms: 20 },
    ]
    const isExempt = (api: ApiName): boolean => api === 'ApiVersions' || api === 'Metadata'
    cluster.faults.push(({ api }) => {
      if (random() < 0.05) cluster.coordinator = 1 + Math.floor(random() * 2)
      return !isExempt(api) && random() < 0.1 ? faults[Math.floor(random() * faults.length)] : undefined
    })
    const expected: string[] = []
    for (const i of range(32)) {
      const isAborted = i % 4 === 3
      producer.begin()
      for (const part of range(5))
        void producer.produce(range(3).map((p) => record(`${i}.${part}`.padEnd(300, '.'), p)))
      void producer.sendOffsets(GROUP, [offset(i)])
      if (isAborted) await producer.abort()
      else await producer.commit()
      if (!isAborted) expected.push(...range(5).map((part) => `${i}.${part}`.padEnd(300, '.')))
    }
    for (const partition of range(3)) expect(committed(partition)).toEqual(expected)
    expect(committedOffset()).toBe(30)
  }, 60_000)
})
