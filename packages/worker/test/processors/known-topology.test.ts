import { expect, test } from '@jest/globals'
import type { TopologyRecord, WrittenTopology } from '@sluice/streams'
import { recordWith, takeKnown, withKnown } from '../../src/processors/known-topology.ts'

const topology = (application: string): WrittenTopology => ({ version: 1, application, stores: [], repartitions: [] })

function fileOf(found: WrittenTopology | null): TopologyRecord & { readonly written: WrittenTopology[] } {
  const written: WrittenTopology[] = []
  return { written, read: async () => found, write: async (next) => void written.push(next) }
}

test('what is known goes with the settings, is none of them, and is of its own application alone', () => {
  const config = { name: 'a', 'sluice.written.topology': 'mine' }
  const { own, known } = takeKnown(withKnown(config, JSON.stringify(topology('a'))))
  expect(own).toEqual({ name: 'a' })
  expect(known('a')).toEqual(topology('a'))
  expect(known('b')).toBeNull()
  expect(withKnown(config, null)).toEqual({ name: 'a' })
  expect(takeKnown({ name: 'a' }).known('a')).toBeNull()
  expect(takeKnown(withKnown({}, '{"version":2,"application":"a"}')).known('a')).toBeNull()
})

test('where there is nothing beside the state, as on a fresh disk, the catalogue says what it was written by', async () => {
  expect(await recordWith(fileOf(null), topology('a')).read()).toEqual(topology('a'))
  expect(await recordWith(fileOf(topology('mine')), topology('a')).read()).toEqual(topology('mine'))
  expect(await recordWith(fileOf(null), null).read()).toBeNull()
  const file = fileOf(null)
  await recordWith(file, topology('a')).write(topology('b'))
  expect(file.written).toEqual([topology('b')])
})
