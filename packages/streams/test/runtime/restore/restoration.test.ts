import { expect, test } from '@jest/globals'
import type { FetchedPartition, Kafka } from '@sluice/kafka'
import { DataError, NotReadyError, RetriableError, silentLogger, SluiceError } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { restore, type BulkRestore, type RestoringStore } from '../../../src/runtime/restore/restoration.ts'
import { fetchedPartition } from '../../support/fetched-partition.ts'

const place = { topic: 'app-store-changelog', partition: 0 }
const never = new AbortController().signal

/** A changelog of so many records whose end is behind an open transaction since `openAt`, until that is ended. */
function changelog(end: number, openAt: number | null) {
  const clock = new FakeClock()
  const state = { openAt, position: 0, polls: 0, onPoll: (_polls: number): void => undefined }
  const fetched = (upTo: number): FetchedPartition => {
    const first = state.position
    state.position = upTo
    const rows = Array.from({ length: upTo - first }, (_, i) => ({
      offset: first + i,
      timestamp: 1,
      key: String(first + i),
      value: 'v',
    }))
    return { ...fetchedPartition(rows, { ...place, nextOffset: upTo }), highWatermark: end }
  }
  const kafka = {
    admin: {
      listOffsets: (places: readonly (typeof place)[], at: string) =>
        Promise.resolve(places.map((one) => ({ ...one, offset: at === 'latest' ? end : 0 }))),
      partitions: {
        describeProducers: () =>
          Promise.resolve([
            {
              item: place,
              value:
                state.openAt === null
                  ? []
                  : [{ producerId: 7, producerEpoch: 2, currentTransactionStartOffset: state.openAt }],
              error: null,
            },
          ]),
      },
    },
    fetcher: () => ({
      assign: () => undefined,
      poll: async (ms: number) => {
        state.onPoll(++state.polls)
        const upTo = state.openAt ?? end
        if (upTo > state.position) return [fetched(upTo)]
        clock.advance(ms)
        return []
      },
      close: () => Promise.resolve(),
    }),
  } as unknown as Kafka
  const keys: string[] = []
  const store: RestoringStore = {
    task: '0_0',
    store: 'store',
    ...place,
    apply: (records) => keys.push(...records.map(({ key }) => Buffer.from(key).toString())),
    from: null,
    until: null,
  }
  return {
    state,
    keys,
    store,
    run: (stores = [store]) =>
      restore(stores, { kafka, clock, logger: silentLogger, isolation: 'read_committed' }, never),
  }
}

test('what lies behind an open transaction belongs to the state: its end is waited for', async () => {
  const { state, keys, run } = changelog(5, 2)
  state.onPoll = (polls) => {
    if (polls === 10) state.openAt = null
  }
  await run()
  expect(keys).toEqual(['0', '1', '2', '3', '4'])
})

test('a transaction that hangs is an error that names it, and nothing begins with half a state', async () => {
  const { keys, run } = changelog(5, 2)
  await expect(run()).rejects.toMatchObject({
    code: 'KAFKA_TIMEOUT',
    retriable: true,
    place: { topic: place.topic, offset: 2, end: 5, producerId: 7, producerEpoch: 2, since: 2 },
  })
  expect(keys).toEqual(['0', '1'])
})

test('rows that find no room end it, and whatever each of the others says, none keeps its files', async () => {
  const { store, run } = changelog(5, null)
  const full = new SluiceError('STATE_DISK_FULL', 'No room', { retriable: true })
  const finished: number[] = []
  const stores = [0, 1, 2].map((partition): RestoringStore => ({
    ...store,
    partition,
    bulk: () => ({
      add: () => {
        throw full
      },
      finish: () => Promise.reject(new Error(`no room for ${finished.push(partition)}`)),
    }),
  }))
  await expect(run(stores)).rejects.toThrow('no room for 1')
  expect(finished).toEqual([0, 1, 2])
})

test('a record that its store cannot read is named, with the store and what was wrong', async () => {
  const failing = (error: Error): Promise<void> => {
    const { store, run } = changelog(5, null)
    const apply = (): never => {
      throw error
    }
    return run([{ ...store, from: 2, apply }])
  }
  await expect(failing(new RangeError('not mine'))).rejects.toMatchObject({
    code: 'TASK_FAILED',
    retriable: false,
    message: expect.stringContaining('store cannot read') as unknown,
    place: { ...place, offset: 2, end: 5, task: '0_0' },
    cause: { message: 'not mine' },
  })
  const full = new SluiceError('STATE_DISK_FULL', 'No room', { retriable: true })
  await expect(failing(full)).rejects.toBe(full)
})

test('what a table cannot read of its source topic is left out, as it was when it was processed', async () => {
  const { keys, store, run } = changelog(5, null)
  const apply: RestoringStore['apply'] = (records, next) => {
    for (const record of records) {
      if (String(record.key) === '2') throw new RangeError('not mine')
      store.apply([record], next)
    }
  }
  await run([{ ...store, until: 5, apply }])
  expect([...new Set(keys)]).toEqual(['0', '1', '3', '4'])
})

test.each([true, false])(
  'what its source could not read of it is no row either, however rows are taken; in bulk: %s',
  async (isInBulk) => {
    const { keys, store, run } = changelog(5, null)
    const [missing, had] = [Promise.withResolvers<void>(), new Set<number>()]
    const read: RestoringStore['read'] = (batch, i) => {
      if (i === 1) throw new RangeError('not mine')
      if (i === 3 && !had.has(i)) throw new NotReadyError('not yet', () => missing.promise.then(() => had.add(i)))
      if (i === 4) throw new NotReadyError('not yet', () => Promise.reject(new DataError('no such schema')))
      expect(String(batch.key(i))).toBe(String(i))
    }
    const added: string[] = []
    const bulk = (): BulkRestore => ({
      add: (key) => added.push(String(key)),
      finish: async () => undefined,
    })
    const done = run([{ ...store, until: 5, read, ...(isInBulk ? { bulk } : {}) }])
    missing.resolve()
    await done
    expect(isInBulk ? added : keys).toEqual(['0', '2', '3'])
  },
)

test('a restoration ends when it is not known for now what its source can read', async () => {
  const { keys, store, run } = changelog(5, null)
  const away = new RetriableError('REGISTRY_UNREACHABLE', 'no answer')
  const read = (): never => {
    throw new NotReadyError('not yet', () => Promise.reject(away))
  }
  await expect(run([{ ...store, until: 5, read }])).rejects.toBe(away)
  expect(keys).toEqual([])
})
