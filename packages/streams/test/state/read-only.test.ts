import { expect, test } from '@jest/globals'
import { memoryStores } from '../../src/state/create-store.ts'
import { readOnly } from '../../src/state/read-only.ts'
import type { TimestampedKeyValueStore } from '../../src/state/stores.ts'
import { base } from './definitions.ts'
import { TestContext } from './test-context.ts'

test('a store that is only read shows its rows as they are, and refuses every change', () => {
  const own = memoryStores({ kind: 'timestampedKeyValue', ...base() }, new TestContext())
  const store = own as unknown as TimestampedKeyValueStore<string, string>
  const view = readOnly(own) as TimestampedKeyValueStore<string, string>
  store.put('a', 'one', 1)
  expect(view.get('a')).toEqual({ value: 'one', timestamp: 1 })
  store.put('b', 'two', 2)
  expect([...view.range('b', null)].map(({ key }) => key)).toEqual(['b'])
  for (const change of [() => view.put('a', 'x', 3), () => view.putIfAbsent('c', 'x', 3), () => view.delete('a')])
    expect(change).toThrow(expect.objectContaining({ code: 'TOPOLOGY_INVALID' }))
  view.close()
  expect([...store.all()]).toHaveLength(2)
})
