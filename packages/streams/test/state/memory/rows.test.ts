import { expect, test } from '@jest/globals'
import { Serdes } from '../../../src/index.ts'
import { codecOf } from '../../../src/state/formats/side-codec.ts'
import { KeyIdentity } from '../../../src/state/key-identity.ts'
import { MemoryRows } from '../../../src/state/memory/rows.ts'

test('what was asked for last is not taken for what has come since', () => {
  const rows = new MemoryRows<string, number>(new KeyIdentity(codecOf<string>(Serdes.string, 't')))
  expect(rows.get('k')).toBeNull()
  rows.put('k', 1)
  rows.put('k', 2)
  expect([rows.size(), rows.get('k')]).toEqual([1, 2])
  rows.remove('k')
  rows.put('k', 3)
  expect([rows.size(), rows.get('k')]).toEqual([1, 3])
})
