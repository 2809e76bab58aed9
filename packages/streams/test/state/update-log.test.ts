import { describe, expect, test } from '@jest/globals'
import { memoryStores } from '../../src/state/create-store.ts'
import type { TimestampedKeyValueStore, TimestampedWindowStore } from '../../src/state/stores.ts'
import { base, windows } from './definitions.ts'
import { hex, TestContext } from './test-context.ts'

const A = hex(Buffer.from('a'))
const B = hex(Buffer.from('b'))
const value = (text: string): string => hex(Buffer.from(text))

describe('what a table tells its changelog', () => {
  test('is each update as it happens, with the value’s time; of a delete, the record’s', () => {
    const { context, table } = opened({})
    table.put('a', 'x', 5)
    table.put('a', 'y', 7)
    context.at(9)
    table.delete('a')
    expect(context.lines()).toEqual([`${A} ${value('x')} 5`, `${A} ${value('y')} 7`, `${A} null 9`])
  })

  test('is the last update of each key and commit where updates collapse, in the order of the first ones', () => {
    const { context, table, flush } = opened({ caching: true })
    table.put('a', 'x', 5)
    table.put('b', 'y', 6)
    table.put('a', 'z', 7)
    expect(context.lines()).toEqual([])
    flush()
    expect(context.lines()).toEqual([`${A} ${value('z')} 7`, `${B} ${value('y')} 6`])
    flush()
    table.put('b', null, 0)
    context.at(8)
    flush()
    expect(context.lines().slice(2)).toEqual([`${B} null 0`])
  })

  test('is nothing without logging', () => {
    const { context, table, flush } = opened({ logging: null })
    table.put('a', 'x', 5)
    flush()
    expect(context.lines()).toEqual([])
  })

  function opened(options: Parameters<typeof base>[0]): {
    context: TestContext
    table: TimestampedKeyValueStore<string, string>
    flush: () => void
  } {
    const context = new TestContext()
    const store = memoryStores({ ...base(options), kind: 'timestampedKeyValue' }, context)
    return {
      context,
      table: store as unknown as TimestampedKeyValueStore<string, string>,
      flush: () => store.flush(),
    }
  }
})

test('windows of a key collapse each for itself, and what is too late is not logged', () => {
  const context = new TestContext()
  const store = memoryStores({ ...base({ caching: true }), kind: 'timestampedWindow', ...windows(20) }, context)
  const rows = store as unknown as TimestampedWindowStore<string, string>
  rows.put('a', 'x', 1, 0)
  rows.put('a', 'y', 11, 10)
  rows.put('a', 'z', 2, 0)
  rows.put('a', 'w', 30, 30)
  rows.put('a', 'too late', 30, 10)
  store.flush()
  expect(context.lines().map((line) => line.split(' ').slice(1).join(' '))).toEqual([
    `${value('z')} 2`,
    `${value('y')} 11`,
    `${value('w')} 30`,
  ])
  expect(context.expired).toBe(1)
})

test('a store with very many updates in one commit asks to be flushed, once, and holds them back until it is', () => {
  const context = new TestContext()
  const store = memoryStores({ ...base({ caching: true }), kind: 'timestampedKeyValue' }, context)
  const rows = store as unknown as TimestampedKeyValueStore<string, string>
  for (let i = 0; i < 30_000; i++) rows.put(`${i}`, 'x', 1)
  expect([context.full, context.logged]).toEqual([[store.name], []])
  store.flush()
  expect(context.logged).toHaveLength(30_000)
  for (let i = 0; i < 20_000; i++) rows.put(`${i}`, 'y', 1)
  expect(context.full).toHaveLength(2)
})
