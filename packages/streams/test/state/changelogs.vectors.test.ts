/**
 * What stores tell their changelogs, beside what Kafka Streams 4.3.1 wrote (vectors/streams/changelogs.json). Here the operations on the
 * stores are written out by hand, as the operators of each topology do them.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { longConverter } from '@sluice/codecs'
import { serde } from '../../src/serde.ts'
import { Serdes } from '../../src/serdes.ts'
import { memoryStores } from '../../src/state/create-store.ts'
import type { StoreDefinition } from '../../src/state/definition.ts'
import { sessionWindowedSerde, timeWindowedSerde } from '../../src/state/formats/windowed-serdes.ts'
import type { ChangelogRecord, StoreContext, TaskStore } from '../../src/state/store-context.ts'
import type {
  BufferedChange,
  OuterJoinStore,
  RecordBuffer,
  SessionStore,
  SuppressionBuffer,
  TimestampedKeyValueStore,
  TimestampedWindowStore,
  UnmatchedEntry,
  VersionedKeyValueStore,
  WindowStore,
} from '../../src/state/stores.ts'
import type { Windowed } from '../../src/windows/window.ts'
import { base, windows } from './definitions.ts'
import { hex, TestContext } from './test-context.ts'

interface VectorRecord {
  readonly afterInput: number
  readonly key: string
  readonly value: string | null
  readonly ts: number | null
  readonly headers?: readonly { readonly key: string; readonly value: string }[]
}

interface Case {
  readonly topology: string
  readonly params: Readonly<Record<string, unknown>>
  readonly inputs: readonly { readonly topic: string; readonly ts: number }[]
  readonly topics: Readonly<Record<string, readonly VectorRecord[]>>
}

const folder = process.env['VECTORS'] ?? new URL('../../../e2e/vectors', import.meta.url).pathname
const { cases } = JSON.parse(readFileSync(`${folder}/streams/changelogs.json`, 'utf8')) as {
  readonly cases: readonly Case[]
}
const longs = serde<number>(longConverter.create({}, 'value'))

/** The changelog of one store of one case, as lines per input. */
function expected(topology: string, params: Readonly<Record<string, unknown>>, topic: RegExp): Vector {
  const found = cases.find(
    (one) => one.topology === topology && Object.entries(params).every(([name, value]) => one.params[name] === value),
  )!
  const [, records] = Object.entries(found.topics).find(([name]) => topic.test(name))!
  const lines = found.inputs.map(() => [] as string[])
  for (const { afterInput, key, value, ts, headers = [] } of records) {
    const bytes = value === null ? 'null' : hex(Buffer.from(value, 'base64'))
    const marks = headers.map((header) => `${header.key}=${hex(Buffer.from(header.value, 'base64'))}`)
    lines[afterInput]!.push([hex(Buffer.from(key, 'base64')), bytes, ts, ...marks].join(' '))
  }
  return { inputs: found.inputs, lines, records }
}

interface Vector {
  readonly inputs: Case['inputs']
  readonly lines: readonly (readonly string[])[]
  readonly records: readonly VectorRecord[]
}

/** Runs one step per input, commits behind each, and gives what was logged, as lines per input. */
function logged<S>(
  definition: StoreDefinition,
  inputs: Case['inputs'],
  steps: readonly ((store: S, context: TestContext) => void)[],
): { readonly lines: string[][]; readonly store: S } {
  const context = new TestContext()
  const store = memoryStores(definition, context)
  const lines = inputs.map(({ topic, ts }, at) => {
    const before = context.logged.length
    context.record = { topic, partition: 0, offset: offsetOf(inputs, at), timestamp: ts, headers: null }
    steps[at]?.(store as unknown as S, context)
    store.flush()
    return context.logged.slice(before).map(({ key, value, timestamp, headers }) => {
      const marks = (headers ?? []).map((header) => `${header.key}=${hex(header.value!)}`)
      return [hex(key), value === null ? 'null' : hex(value), timestamp, ...marks].join(' ')
    })
  })
  return { lines, store: store as unknown as S }
}

function offsetOf(inputs: Case['inputs'], at: number): number {
  return inputs.slice(0, at).filter(({ topic }) => topic === inputs[at]!.topic).length
}

function restored(definition: StoreDefinition, { records }: Vector): unknown {
  const context: StoreContext = new TestContext()
  const store: TaskStore = memoryStores(definition, context)
  const read: ChangelogRecord[] = records.map(({ key, value, ts }, offset) => ({
    key: Buffer.from(key, 'base64'),
    value: value === null ? null : Buffer.from(value, 'base64'),
    timestamp: ts ?? -1,
    headers: null,
    offset,
  }))
  store.restore(read)
  return store
}

describe('tables', () => {
  const definition = { ...base(), value: longs, kind: 'timestampedKeyValue' } as const
  const vector = expected('count', {}, /STATE-STORE/)
  type Store = TimestampedKeyValueStore<string, number>

  test('a count', () => {
    const { lines } = logged<Store>(definition, vector.inputs, [
      (store) => store.put('a', 1, 1),
      (store) => store.put('a', 2, 5),
      (store) => store.put('b', 1, 3),
    ])
    expect(lines).toEqual(vector.lines)
  })

  test('is restored with the times of its values', () => {
    const store = restored(definition, vector) as Store
    expect([...store.all()]).toEqual([
      { key: 'a', value: { value: 2, timestamp: 5 } },
      { key: 'b', value: { value: 1, timestamp: 3 } },
    ])
  })

  test('a row that is deleted twice is logged twice, with the time of the record', () => {
    const filtered = expected('table-filter-materialized', {}, /store-changelog/)
    type Texts = TimestampedKeyValueStore<string, string>
    const { lines } = logged<Texts>({ ...base(), kind: 'timestampedKeyValue' }, filtered.inputs, [
      (store) => store.put('a', 'v1', 1),
      (store) => store.put('a', null, 2),
      (store) => store.put('a', null, 3),
    ])
    expect(lines).toEqual(filtered.lines)
  })

  test('a versioned one', () => {
    const versions = expected('stream-table', {}, /R-v-changelog/)
    type Versions = VersionedKeyValueStore<string, string>
    const versioned = { ...base(), kind: 'versioned', historyRetentionMs: 100 } as const
    const { lines } = logged<Versions>(versioned, versions.inputs, [(store) => store.put('a', '1', 1)])
    expect(lines).toEqual(versions.lines)
  })
})

describe('windows', () => {
  test('a hopping reduce', () => {
    const vector = expected('hopping', {}, /STATE-STORE/)
    const { lines } = logged<TimestampedWindowStore<string, string>>(
      { ...base(), kind: 'timestampedWindow', ...windows(15) },
      vector.inputs,
      [
        (store) => store.put('a', '1', 1, 0),
        (store) => {
          store.put('b', '2', 5, 0)
          store.put('b', '2', 5, 5)
        },
        (store) => {
          store.put('a', '3', 10, 5)
          store.put('a', '3', 10, 10)
        },
        (store) => {
          store.put('a', '14', 9, 0)
          store.put('a', '34', 10, 5)
        },
        (store) => {
          store.put('a', '5', 31, 25)
          store.put('a', '5', 31, 30)
        },
      ],
    )
    expect(lines).toEqual(vector.lines)
  })

  test('a session that takes up another', () => {
    const vector = expected('session', { grace: 5 }, /STATE-STORE/)
    const { lines } = logged<SessionStore<string, number>>(
      { ...base(), value: longs, kind: 'session', retentionMs: 10 },
      vector.inputs,
      [
        (store) => store.put('a', 0, 0, 1),
        (store) => store.put('a', 10, 10, 1),
        (store) => {
          store.remove('a', 10, 10)
          store.put('a', 5, 10, 2)
        },
        (store) => store.put('b', 7, 7, 1),
      ],
    )
    expect(lines).toEqual(vector.lines)
  })

  test('both sides of a join number their duplicates', () => {
    const vector = expected('stream-stream', { kind: 'inner' }, /JOINTHIS/)
    const { lines } = logged<WindowStore<string, string>>(
      { ...base(), kind: 'window', ...windows(15, true) },
      vector.inputs,
      [(store) => store.put('a', '1', 0), () => {}, (store) => store.put('a', '3', 0), () => {}],
    )
    expect(lines).toEqual(vector.lines)
  })
})

describe('outer joins', () => {
  const definition = { ...base(), rightValue: Serdes.string, kind: 'outerJoin' } as const
  const vector = expected('stream-stream', { kind: 'outer' }, /OUTERSHARED/)
  type Store = OuterJoinStore<string, string, string>

  test('what is unmatched comes and goes', () => {
    const { lines } = logged<Store>(definition, vector.inputs, [
      (store) => store.put(0, 'left', 'a', '1'),
      (store) => store.put(1, 'right', 'b', '2'),
      (store) => store.removeAll(0, 'left', 'a'),
      (store) => {
        emitted(store)
        store.put(20, 'left', 'c', '4')
      },
      (store) => {
        emitted(store)
        store.put(40, 'left', 'c', '5')
      },
    ])
    expect(lines).toEqual(vector.lines)
  })

  test('is restored in order', () => {
    expect([...(restored(definition, vector) as Store).all()]).toEqual([
      { timestamp: 40, side: 'left', key: 'c', value: '5' },
    ])
  })

  function emitted(store: Store): UnmatchedEntry<string, string, string>[] {
    const all = [...store.all()]
    for (const { timestamp, side, key } of all) store.removeAll(timestamp, side, key)
    return all
  }
})

describe('suppression', () => {
  type Store = SuppressionBuffer<Windowed<string>, number>
  const definition = {
    ...base(),
    key: timeWindowedSerde(Serdes.string, 10),
    value: longs,
    kind: 'suppression',
    tracksBytes: false,
  } as const
  const vector = expected('tumbling', { suppress: 'close' }, /SUPPRESS/)
  const window = (key: string, start: number): Windowed<string> => ({ key, start, end: start + 10 })

  test('of closed windows', () => {
    const { lines } = logged<Store>(definition, vector.inputs, [
      (store) => store.put(10, window('a', 0), 1, 0),
      (store) => store.put(10, window('b', 0), 1, 0),
      (store) => store.put(20, window('a', 10), 1, 0),
      (store) => store.put(10, window('a', 0), 2, 1),
      (store) => {
        store.put(40, window('a', 30), 1, 0)
        store.evictWhile(
          () => store.minTime <= 26,
          () => {},
        )
      },
    ])
    // Of one commit, the order of keys is that of a Java HashSet there: one record per key says the same in any order.
    expect(lines.map((one) => one.toSorted())).toEqual(vector.lines.map((one) => [...one].toSorted()))
  })

  test('is restored with all that it needs', () => {
    const some = { ...vector, records: vector.records.filter(({ afterInput }) => afterInput < 4) }
    const store = restored(definition, some) as Store
    const seen: BufferedChange<Windowed<string>, number>[] = []
    expect([store.numRecords, store.minTime]).toEqual([3, 10])
    expect(store.priorValue(window('a', 0))).toEqual({ value: 0, timestamp: -1 })
    store.evictWhile(
      () => true,
      (change) => seen.push(change),
    )
    expect(
      seen.map(({ key, time, newValue, oldValue, context }) => [key.key, time, newValue, oldValue, context]),
    ).toEqual([
      ['a', 10, 2, 1, { topic: 'in', partition: 0, offset: 3, timestamp: 9, headers: null }],
      ['b', 10, 1, 0, { topic: 'in', partition: 0, offset: 1, timestamp: 5, headers: null }],
      ['a', 20, 1, 0, { topic: 'in', partition: 0, offset: 2, timestamp: 10, headers: null }],
    ])
  })

  test('of sessions, where a taken-up session waits as a null', () => {
    const sessions = expected('session', { suppress: 'close' }, /SUPPRESS/)
    const session = (start: number, end: number): Windowed<string> => ({ key: 'a', start, end })
    const { lines } = logged<Store>({ ...definition, key: sessionWindowedSerde(Serdes.string) }, sessions.inputs, [
      (store) => store.put(0, session(0, 0), 1, null),
      (store, context) => {
        // The end of a session that was taken up is the time of its tombstone.
        context.at(0)
        store.put(0, session(0, 0), null, 1)
        context.at(3)
        store.put(3, session(0, 3), 2, null)
      },
      (store) => {
        store.put(30, session(30, 30), 1, null)
        store.evictWhile(
          () => store.minTime < 25,
          () => {},
        )
      },
    ])
    expect(lines.map((one) => one.toSorted())).toEqual(sessions.lines.map((one) => [...one].toSorted()))
  })
})

describe('the buffer of a join with grace', () => {
  const definition = { ...base(), kind: 'recordBuffer', graceMs: 5 } as const
  const vector = expected('stream-table', {}, /Buffer-changelog/)
  type Store = RecordBuffer<string, string>

  test('logs records as they come and go', () => {
    const { lines } = logged<Store>(definition, vector.inputs, [
      () => {},
      (store) => {
        store.put(2, 'a', '2')
        store.evict(() => {})
      },
      (store) => {
        store.put(9, 'a', '3')
        store.evict(() => {})
      },
    ])
    expect(lines).toEqual(vector.lines)
  })

  test('is restored with its time, so that what is older is not taken', () => {
    const store = restored(definition, vector) as Store
    expect([store.numRecords, store.minTime]).toEqual([1, 9])
    expect(store.put(3, 'a', 'late')).toBe(false)
    expect(store.put(4, 'a', 'in time')).toBe(true)
  })
})
