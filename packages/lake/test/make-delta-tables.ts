/**
 * Makes Delta tables of every kind that this package writes, for readers of others to look at:
 *
 *     node --conditions=@sluice/source packages/lake/test/make-delta-tables.ts FOLDER
 *
 * Beside them goes `expected.json`: per table and version the rows that a reader must find there, kept row by row and not taken
 * from the table. `.ci/delta_expected.py` reads it.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  evolved,
  evolvedDeeply,
  evolvedMaps,
  mapped,
  mappedLater,
  parted,
  partedWidely,
  widened,
  widenedWidely,
} from './delta-tables/definitions.ts'
import { LateStore } from './delta-tables/kept-table.ts'
import type { KeptTable } from './delta-tables/kept-table.ts'
import { cleanedUp, rewritten } from './delta-tables/log.ts'
import { encodings, everyType, extremes, nestings, wallClock } from './delta-tables/types.ts'

const [folder = ''] = process.argv.slice(2)
const store = new LateStore(folder)
const tables: KeptTable[] = []
for (const make of [
  everyType,
  extremes,
  nestings,
  wallClock,
  encodings,
  parted,
  partedWidely,
  evolved,
  evolvedDeeply,
  evolvedMaps,
  mapped,
  mappedLater,
  widened,
  widenedWidely,
])
  tables.push(await make(store))
const mapping = { 'delta.columnMapping.mode': 'name' }
tables.push(await cleanedUp(store, 'cleaned_up', {}))
tables.push(await cleanedUp(store, 'checkpoints_v2', { 'delta.checkpointPolicy': 'v2' }))
tables.push(await rewritten(store, 'rewritten', { 'delta.checkpointInterval': '3' }))
tables.push(await rewritten(store, 'rewritten_mapped', { ...mapping, 'delta.checkpointPolicy': 'v2' }))
const expected = Object.fromEntries(tables.map(({ table, expected: rows }) => [table.path, rows]))
await writeFile(join(folder, 'expected.json'), `${JSON.stringify(expected)}\n`)
