import { afterEach, beforeEach, expect, test } from '@jest/globals'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { lakeSink } from '@sluice/connector-lake'
import { primitive, struct } from '@sluice/sdk'
import { SinkRun, sinkRecord } from '@sluice/sdk/testing'
import { LakeTable } from '../../src/quickstart/table.ts'
import { travelled } from '../../src/quickstart/time-travel.ts'

const QUERY = 'select count(*) as n from orders'

let dir: string
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-travel-'))
})
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }))

/** A row per version from 1 on, and a checkpoint at 10. */
async function tableOf(versions: number): Promise<LakeTable> {
  const schema = struct({ id: primitive('int32') }, { name: 'order' })
  const run = new SinkRun(lakeSink, { 'lake.url': dir, 'table.name': 'orders', 'flush.size': '1' })
  await run.start([{ topic: 't', partition: 0 }])
  for (let offset = 0; offset < versions; offset++) {
    await run.put([sinkRecord({ topic: 't', partition: 0, offset }, { id: offset }, schema)])
    await run.flush(true)
  }
  await run.stop()
  return LakeTable.open(path.join(dir, 'orders'))
}

function cleanUp(below: number): void {
  for (let version = 0; version < below; version++)
    fs.rmSync(path.join(dir, 'orders', '_delta_log', `${String(version).padStart(20, '0')}.json`))
}

test('the query is of the table before the run, or else of its first rows, or of none', async () => {
  const table = await tableOf(2)
  const answer = (version: number, n: number): string =>
    `The same in version ${version} of the table, of 2:\n\n  n\n  ─\n  ${n}\n`
  expect(await travelled(table, 1, 'orders', QUERY)).toBe(answer(1, 1))
  expect(await travelled(table, 2, 'orders', QUERY)).toBe(answer(1, 1))
  expect(await travelled(await table.asOf(1), 1, 'orders', QUERY)).toMatch(/version 0 .*\n\n {2}it had no rows yet\n$/)
})

test('where the log was cleaned up, it says so, and travels to the oldest version that is kept', async () => {
  const table = await tableOf(12)
  if (!fs.readdirSync(path.join(dir, 'orders', '_delta_log')).some((name) => name.includes('checkpoint.parquet')))
    throw new Error('there is no checkpoint')
  cleanUp(10)
  expect(await travelled(table, 3, 'orders', QUERY)).toBe(
    'Version 3 of the table is no longer kept: its log was cleaned up to version 10.\n' +
      'The same in version 10 of the table, of 12:\n\n   n\n  ──\n  10\n',
  )
  expect(await travelled(table, 11, 'orders', QUERY)).toMatch(/^The same in version 11 .*11\n$/s)
})
