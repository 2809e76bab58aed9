import { expect, test } from '@jest/globals'
import { NotReadyError, SluiceError, type ErrorCode } from '@sluice/sdk'
import { Serdes, StreamsBuilder, type TableConsumed } from '../../../src/index.ts'
import { readerOf, unreadableIn } from '../../../src/runtime/restore/readable.ts'
import { fetchedPartition } from '../../support/fetched-partition.ts'

const never = new AbortController().signal

/** Offsets that a restoration leaves out of a table of `in`; null: its changelog is its own. */
async function leftOut<K, V>(consumed: TableConsumed<K, V>, optimization: 'all' | 'none'): Promise<number[] | null> {
  const builder = new StreamsBuilder()
  builder.table('in', { ...consumed, materialized: { name: 'rows' } })
  const read = readerOf(builder.build(optimization).forApplication('app'), 'rows')
  if (read === null) return null
  const { batches } = fetchedPartition([
    { offset: 0, key: 'a', value: '{"n":1}' },
    { offset: 1, key: 'a', value: 'no json' },
    { offset: 2, key: 'a', value: null },
    { offset: 3, key: 'a', value: '{}', timestamp: -1 },
    { offset: 4, key: '12345678', value: '{' },
  ])
  return [...(await unreadableIn(batches, 4, read, never))]
}

test('what a source topic has that its source cannot read, or that has no time, is no row of the table', async () => {
  const json = { key: Serdes.string, value: Serdes.json() }
  expect(await leftOut(json, 'all')).toEqual([1, 3])
  expect(await leftOut({ key: Serdes.long, value: Serdes.bytes }, 'all')).toEqual([0, 1, 2, 3])
  expect(await leftOut({ ...json, timestampExtractor: () => 7 }, 'all')).toEqual([1])
  expect(await leftOut({}, 'all')).toEqual([3])
})

test('a changelog of its own has rows alone', async () => {
  expect(await leftOut({ value: Serdes.json() }, 'none')).toBeNull()
})

test('what a serde misses is asked for; that nobody may have it, or that it stays missing, is no fault of the record', async () => {
  const { batches } = fetchedPartition([{ offset: 0, key: 'a', value: 'b' }])
  const asking = (refusal: ErrorCode | null, comes: boolean): Promise<ReadonlySet<number>> => {
    let isThere = false
    const ready = (): Promise<void> => {
      isThere = comes
      return refusal === null ? Promise.resolve() : Promise.reject(new SluiceError(refusal, 'refused'))
    }
    const read = (): void => {
      if (!isThere) throw new NotReadyError('the schema is on its way', ready)
    }
    return unreadableIn(batches, 1, read, never)
  }
  expect([...(await asking(null, true))]).toEqual([])
  for (const code of ['SCHEMA_UNKNOWN', 'SUBJECT_UNKNOWN', 'SCHEMA_INVALID'] as const)
    expect([...(await asking(code, false))]).toEqual([0])
  for (const code of ['REGISTRY_AUTHENTICATION', 'REGISTRY_REFUSED', 'REGISTRY_UNREACHABLE'] as const)
    await expect(asking(code, false)).rejects.toMatchObject({ code })
  await expect(asking(null, false)).rejects.toBeInstanceOf(NotReadyError)
})
