import { describe, expect, test } from '@jest/globals'
import type {
  CommittedOffset,
  GroupIdentity,
  Produced,
  ProduceOptions,
  ProducerRecord,
  TransactionalProducer,
} from '@sluice/kafka'
import { RetriableError, SluiceError } from '@sluice/sdk'
import { AtLeastOnceWriter, ExactlyOnceWriter } from '../../../src/runtime/writer/writer.ts'

const record = (value: string): ProducerRecord => ({
  topic: 'out',
  partition: 0,
  key: null,
  value: Buffer.from(value),
  timestamp: null,
  headers: null,
})
const offsets: readonly CommittedOffset[] = [{ topic: 'in', partition: 0, offset: 1, metadata: '' }]
const identity: GroupIdentity = { groupId: 'app', generationId: 1, memberId: 'm', instanceId: null }
const member = { tenure: () => ({ groupId: 'app', identity: () => identity }) }
const never = new AbortController().signal

/** Says what it was told, in order; `hold` keeps commits from coming to an end. */
function transactional(failing: { produce?: unknown; commit?: unknown } = {}) {
  const told: string[] = []
  let offset = 0
  let release = (): void => {}
  const held = { promise: Promise.resolve() }
  const producer: TransactionalProducer = {
    begin: () => void told.push('begin'),
    produce: async (records): Promise<readonly Produced[]> => {
      told.push(...records.map(({ value }) => Buffer.from(value!).toString()))
      if (failing.produce !== undefined) throw failing.produce as Error
      const firstOffset = offset
      offset += records.length
      return [{ topic: 'out', partition: 0, firstOffset, count: records.length }]
    },
    sendOffsets: async () => void told.push('offsets'),
    commit: async () => {
      await held.promise
      if (failing.commit !== undefined) throw failing.commit as Error
      told.push('commit')
    },
    abort: async () => void told.push('abort'),
    close: async (ms) => void told.push(`close ${ms}`),
  }
  const hold = (): void => {
    held.promise = new Promise((resolve) => (release = resolve))
  }
  return { told, producer, hold, release: () => release() }
}

describe('exactly once', () => {
  test('what is written between two commits and its offsets are one transaction', async () => {
    const { told, producer } = transactional()
    const writer = new ExactlyOnceWriter(producer, member)
    writer.write([record('a')], 1)
    writer.write([record('b')], 1)
    await writer.commit(offsets)
    await writer.commit([])
    writer.write([record('c')], 1)
    await writer.commit(offsets)
    expect(told).toEqual(['begin', 'a', 'b', 'offsets', 'commit', 'begin', 'c', 'offsets', 'commit'])
    expect([...writer.written]).toEqual([['out-0', 3]])
  })

  test('what is written while a commit is under way waits for it, and so does whoever has too much', async () => {
    const { told, producer, hold, release } = transactional()
    const writer = new ExactlyOnceWriter(producer, member)
    writer.write([record('a')], 1)
    hold()
    const committed = writer.commit(offsets)
    writer.write([record('b')], 10)
    let hasRoom = false
    const room = writer.room(5, never).then(() => (hasRoom = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toEqual(['begin', 'a', 'offsets'])
    expect(hasRoom).toBe(false)
    release()
    await committed
    await room
    expect(told).toEqual(['begin', 'a', 'offsets', 'commit', 'begin', 'b'])
  })

  test('without a place for now the transaction stays open, and the next commit has all of it', async () => {
    const { told, producer } = transactional()
    let isRebalancing = true
    const writer = new ExactlyOnceWriter(producer, {
      tenure: () => {
        if (isRebalancing) throw new RetriableError('KAFKA_REFUSED', 'The group rebalances')
        return member.tenure()
      },
    })
    writer.write([record('a')], 1)
    await expect(writer.commit(offsets)).rejects.toThrow('rebalances')
    expect(writer.failure).toBeNull()
    writer.write([record('b')], 1)
    isRebalancing = false
    await writer.commit(offsets)
    expect(told).toEqual(['begin', 'a', 'b', 'offsets', 'commit'])
  })

  test('a commit that fails ends the writer; its transaction is aborted when it is closed', async () => {
    const { told, producer } = transactional({ commit: new SluiceError('KAFKA_FENCED', 'Another one has it') })
    const writer = new ExactlyOnceWriter(producer, member)
    writer.write([record('a')], 1)
    await expect(writer.commit(offsets)).rejects.toMatchObject({ code: 'KAFKA_FENCED' })
    expect(writer.failure).toMatchObject({ error: { code: 'KAFKA_FENCED' } })
    await writer.close()
    expect(told.at(-1)).toBe('close 5000')
  })

  test('what could not be produced fails the commit, and no offsets are sent', async () => {
    const { told, producer } = transactional({ produce: new SluiceError('KAFKA_TIMEOUT', 'No answer') })
    const writer = new ExactlyOnceWriter(producer, member)
    writer.write([record('a')], 1)
    await expect(writer.commit(offsets)).rejects.toMatchObject({ code: 'KAFKA_TIMEOUT' })
    expect(told).toEqual(['begin', 'a'])
  })
})

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A producer that sends what it has queued when it may; what is sent is durable when `results` is. */
function gated() {
  const results = Promise.withResolvers<readonly Produced[]>()
  const [queued, sent]: string[][] = [[], []]
  const produce = async (
    records: readonly ProducerRecord[],
    { after }: ProduceOptions = {},
  ): Promise<readonly Produced[]> => {
    const values = records.map(({ value }) => Buffer.from(value!).toString())
    queued!.push(...values)
    if (after !== undefined) await after
    sent!.push(...values)
    return results.promise
  }
  const producer = { produce, flush: () => Promise.resolve(), close: () => Promise.resolve() }
  return { producer, queued: queued!, sent: sent!, results }
}

/** A writer whose records become durable when `durable` is called. */
function atLeastOnce(identify: () => GroupIdentity) {
  const settled = Promise.withResolvers<readonly Produced[]>()
  const committed: number[] = []
  const writer = new AtLeastOnceWriter(
    { produce: () => settled.promise, flush: () => Promise.resolve(), close: () => Promise.resolve() },
    {
      tenure: () => ({ groupId: 'app', identity: identify }),
      commit: async (those) => void committed.push(...those.map(({ offset }) => offset)),
    },
  )
  return { writer, committed, durable: () => settled.resolve([]) }
}

test('at least once: offsets are committed when all that was written before is durable', async () => {
  const { writer, committed, durable } = atLeastOnce(() => identity)
  writer.write([record('a')], 1)
  const done = writer.commit(offsets)
  await new Promise((resolve) => setImmediate(resolve))
  expect(committed).toEqual([])
  durable()
  await done
  expect(committed).toEqual([1])
})

test('at least once: what stores have changed is written when what came of it is durable, and not when it never is', async () => {
  const { producer, queued, sent, results } = gated()
  const writer = new AtLeastOnceWriter(producer, { ...member, commit: () => Promise.resolve() })
  writer.write([record('result')], 1)
  writer.writeBehind([record('row')], 1)
  writer.letBehindGo()
  await turn()
  expect([queued, sent]).toEqual([['result', 'row'], ['result']])
  const lost = new SluiceError('KAFKA_TIMEOUT', 'lost')
  results.reject(lost)
  await expect(writer.commit(offsets)).rejects.toBe(lost)
  expect(sent).toEqual(['result'])
})

test('at least once: what stores have changed also waits for what is written behind it, until it is let go', async () => {
  const { producer, sent, results } = gated()
  const writer = new AtLeastOnceWriter(producer, { ...member, commit: () => Promise.resolve() })
  results.resolve([])
  writer.write([record('result')], 1)
  writer.writeBehind([record('row')], 1)
  await turn()
  expect(sent).toEqual(['result'])
  writer.write([record('another')], 1)
  writer.writeBehind([record('last row')], 1)
  writer.letBehindGo()
  await turn()
  expect(sent).toEqual(['result', 'another', 'row', 'last row'])
  await writer.commit(offsets)
})

test('at least once: what stores have changed is let go by itself when it is much', async () => {
  const { producer, sent, results } = gated()
  const writer = new AtLeastOnceWriter(producer, { ...member, commit: () => Promise.resolve() })
  results.resolve([])
  writer.writeBehind([record('row')], 2 ** 20)
  await turn()
  expect(sent).toEqual([])
  writer.writeBehind([record('one more')], 1)
  await turn()
  expect(sent).toEqual(['row', 'one more'])
})

test('at least once: what was processed in a place that was lost meanwhile is not committed in the next one', async () => {
  const lost = new SluiceError('KAFKA_FENCED', 'given up')
  const { writer, committed, durable } = atLeastOnce(() => {
    throw lost
  })
  writer.write([record('a')], 1)
  const done = writer.commit(offsets)
  durable()
  await expect(done).rejects.toBe(lost)
  expect(committed).toEqual([])
})
