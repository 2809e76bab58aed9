import { expect, test } from '@jest/globals'
import { memoryStores } from '../../src/state/create-store.ts'
import type { StoreDefinition } from '../../src/state/definition.ts'
import type { StoreRow, TaskStore } from '../../src/state/store-context.ts'
import type {
  KeyValueStore,
  OuterJoinStore,
  RecordBuffer,
  SuppressionBuffer,
  TimestampedWindowStore,
} from '../../src/state/stores.ts'
import { base, windows } from './definitions.ts'
import { TestContext } from './test-context.ts'

test('an image is of its moment: what is put or removed before it is written is not in it', () => {
  const store = made({ ...base(), kind: 'keyValue' })
  const table = store as unknown as KeyValueStore<string, string>
  table.put('a', 'before')
  table.put('gone', 'before')
  const { rows } = store.image()
  table.put('a', 'behind')
  table.put('b', 'behind')
  table.delete('gone')
  expect(texts(rows)).toEqual(['a=before', 'gone=before'])
})

test('a buffer of suppress lets go of the same from its image, in the same order, with what came with it', () => {
  const store = made({ ...base(), kind: 'suppression', tracksBytes: true })
  const buffer = store as unknown as SuppressionBuffer<string, string>
  buffer.put(30, 'late', 'x', null)
  buffer.put(10, 'early', 'new', 'old')
  buffer.put(10, 'early', 'newest', 'new')
  const copy = copyOf(store, { ...base(), kind: 'suppression', tracksBytes: true })
  const other = copy as unknown as SuppressionBuffer<string, string>
  expect(other.sizeBytes).toBe(buffer.sizeBytes)
  expect(evictedOf(other)).toEqual(evictedOf(buffer))
})

test('a buffer of a join with grace goes on from its image: its time, its order, its numbers', () => {
  const definition = { ...base(), kind: 'recordBuffer', graceMs: 10 } as const
  const store = made(definition)
  const buffer = store as unknown as RecordBuffer<string, string>
  buffer.put(100, 'k', 'one')
  buffer.put(100, 'k', 'two')
  buffer.put(115, 'gone', 'x')
  buffer.evict(() => undefined)
  const other = copyOf(store, definition) as unknown as RecordBuffer<string, string>
  expect(other.put(104, 'k', 'too late')).toBe(buffer.put(104, 'k', 'too late'))
  for (const one of [buffer, other]) one.put(125, 'k', 'three')
  const evicted = (one: RecordBuffer<string, string>): string[] => {
    const values: string[] = []
    one.evict(({ time, value }) => values.push(`${time} ${value}`))
    return values
  }
  expect(evicted(other)).toEqual(['115 x'])
  expect(evicted(buffer)).toEqual(['115 x'])
})

test('what outer joins share comes back from its image with both sides', () => {
  const definition = { ...base(), kind: 'outerJoin', rightValue: base().value } as const
  const store = made(definition)
  const join = store as unknown as OuterJoinStore<string, string, string>
  join.put(5, 'left', 'k', 'l')
  join.put(5, 'right', 'k', 'r1')
  join.put(5, 'right', 'k', 'r2')
  const other = copyOf(store, definition) as unknown as OuterJoinStore<string, string, string>
  expect([...other.all()]).toEqual([...join.all()])
})

test('a window store whose latest window was removed still refuses what is too late, from its image', () => {
  const definition = { ...base(), kind: 'timestampedWindow', ...windows(50) } as const
  const store = made(definition)
  const windowed = store as unknown as TimestampedWindowStore<string, string>
  windowed.put('a', 'x', 100, 100)
  windowed.put('a', 'y', 200, 200)
  windowed.put('a', null, 200, 200)
  const other = copyOf(store, definition) as unknown as TimestampedWindowStore<string, string>
  other.put('b', 'late', 140, 140)
  expect([...other.all()]).toEqual([])
})

function made(definition: StoreDefinition): TaskStore {
  return memoryStores(definition, new TestContext())
}

function copyOf(store: TaskStore, definition: StoreDefinition): TaskStore {
  const copy = made(definition)
  const { rows, counters } = store.image()
  copy.restore(Array.from(rows, (row) => ({ ...row, headers: null, offset: -1 })))
  copy.resume(counters)
  return copy
}

function texts(rows: Iterable<StoreRow>): string[] {
  return Array.from(
    rows,
    ({ key, value }) => `${Buffer.from(key).toString()}=${Buffer.from(value!).toString()}`,
  ).toSorted()
}

function evictedOf(buffer: SuppressionBuffer<string, string>): string[] {
  const changes: string[] = []
  buffer.evictWhile(
    () => true,
    ({ time, key, newValue, oldValue, priorValue, context }) =>
      changes.push(JSON.stringify([time, key, newValue, oldValue, priorValue, context])),
  )
  return changes
}
