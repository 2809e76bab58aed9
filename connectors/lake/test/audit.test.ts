/** What the how-to says about auditing a table by its log alone. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { DuckDBInstance } from '@duckdb/node-api'
import { LakeFolder } from './lake-folder.ts'
import { P0, P1, sinkInto, span } from './lake-runs.ts'

const HOW_TO = join(import.meta.dirname, '../../../docs/how-to/land-topics-in-s3.md')

let folder: LakeFolder
beforeEach(async () => {
  folder = await LakeFolder.make()
})
afterEach(async () => {
  await folder.remove()
})

async function audit(): Promise<unknown> {
  const [, sql] = /```sql\n(with commits as[\s\S]*?)```/.exec(await readFile(HOW_TO, 'utf8'))!
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    const place = join(folder.path, 'orders')
    return (
      await connection.runAndReadAll(sql!.replaceAll('s3://acme-lake/tables/acme.orders', place))
    ).getRowObjectsJson()
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

test('the log alone says which offsets of each partition are in the table, in how many rows, and that none is missing', async () => {
  const run = sinkInto(folder)
  await run.start([P0, P1])
  await run.put([...span(0, 0, 4), ...span(1, 3, 7)])
  await run.flush(true)
  await run.put(span(0, 5, 11))
  await run.flush(true)
  await run.stop()
  expect(await audit()).toEqual([
    { part: 'orders-0', first: '0', last: '11', rows: '12', commits: '2', gaps: '0' },
    { part: 'orders-1', first: '3', last: '7', rows: '5', commits: '1', gaps: '0' },
  ])
  // Somebody who is another one to the table writes what is in it already.
  const other = sinkInto(folder, { 'cluster.id': 'again' })
  await other.start([P1])
  await other.put(span(1, 3, 5))
  await other.flush(true)
  await other.stop()
  expect(await audit()).toContainEqual({ part: 'orders-1', first: '3', last: '7', rows: '8', commits: '2', gaps: '1' })
})
