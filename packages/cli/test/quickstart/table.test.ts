import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { lakeSink } from '@sluice/connector-lake'
import { S3TestServer } from '@sluice/object-store/testing'
import { decimal, primitive, struct } from '@sluice/sdk'
import { SinkRun, sinkRecord } from '@sluice/sdk/testing'
import { LakeTable, printResult } from '../../src/quickstart/table.ts'

let dir: string
beforeAll(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "sluice-table's-"))
  const schema = struct(
    { id: primitive('int32'), price: decimal(2), note: primitive('string', { optional: true }) },
    { name: 'order' },
  )
  const run = new SinkRun(lakeSink, { 'lake.url': dir, 'table.name': 'orders' })
  await run.start([{ topic: 't', partition: 0 }])
  const rows = [
    { id: 1, price: '2.50', note: 'a' },
    { id: 20, price: '100.00', note: null },
  ]
  await run.put(rows.map((row, offset) => sinkRecord({ topic: 't', partition: 0, offset }, row, schema)))
  await run.flush(true)
  await run.stop()
})
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }))

describe('a table in a folder', () => {
  test('is counted and asked through the files that its log lists, not those that lie about', async () => {
    fs.writeFileSync(path.join(dir, 'orders', 'part-of-nobody.parquet'), 'no Parquet at all')
    const table = await LakeTable.open(path.join(dir, 'orders'))
    expect(await table.summary()).toEqual({ version: 1, files: 1, rows: 2 })
    expect(await table.query('orders', 'select sum(price) as dollars, count(note) as notes from orders')).toEqual({
      columns: ['dollars', 'notes'],
      rows: [['102.50', '1']],
    })
  })

  test('is there as it was in each of its versions', async () => {
    const table = await LakeTable.open(path.join(dir, 'orders'))
    expect((await table.asOf(0)).files).toEqual([])
    const first = await table.asOf(1)
    expect(await first.query('orders', 'select count(*) as n from orders')).toEqual({ columns: ['n'], rows: [['2']] })
    await expect(table.asOf(2)).rejects.toMatchObject({ code: 'OBJECT_MISSING', remedy: expect.any(String) })
  })

  test('that is not there has version -1 and no rows, and refuses queries', async () => {
    const table = await LakeTable.open(path.join(dir, 'nothing'))
    expect(await table.summary()).toEqual({ version: -1, files: 0, rows: 0 })
    await expect(table.query('nothing', 'select 1')).rejects.toMatchObject({
      code: 'OBJECT_MISSING',
      remedy: expect.any(String),
    })
  })

  test('answers a query that is none with what DuckDB says about it', async () => {
    const table = await LakeTable.open(path.join(dir, 'orders'))
    await expect(table.query('orders', 'selct 1')).rejects.toMatchObject({
      code: 'DATA_INVALID',
      cause: expect.objectContaining({ message: expect.stringContaining('selct') }),
      remedy: 'The table is called orders in it.',
    })
  })
})

describe('a table in an object store', () => {
  const NAMES = ['AWS_ENDPOINT_URL_S3', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const
  const before = NAMES.map((name) => process.env[name])
  afterAll(() => {
    for (const [i, name] of NAMES.entries()) {
      if (before[i] === undefined) delete process.env[name]
      else process.env[name] = before[i]
    }
  })

  test('is read by its URL, with the endpoint and the credentials of the environment', async () => {
    await using server = await S3TestServer.start()
    const { 's3.endpoint': url, 'aws.access.key.id': id, 'aws.secret.access.key': secret } = server.settings
    for (const [i, value] of [url, id, secret].entries()) process.env[NAMES[i]!] = value!
    const store = server.open('lake/below')
    for (const file of fs.readdirSync(path.join(dir, 'orders'), { recursive: true, encoding: 'utf8' })) {
      const from = path.join(dir, 'orders', file)
      if (fs.statSync(from).isFile()) await store.put(`orders/${file}`, fs.readFileSync(from))
    }
    const table = await LakeTable.open('s3://lake/below/orders')
    expect(await table.summary()).toEqual({ version: 1, files: 1, rows: 2 })
    expect(await table.query('o', 'select sum(price) as dollars from o')).toMatchObject({ rows: [['102.50']] })
  })
})

describe('a result as people read it', () => {
  test('has numbers to the right, text to the left, and lines without blanks at their end', () => {
    const text = printResult({
      columns: ['size', 'n'],
      rows: [
        ['Large', '5'],
        ['S', '1234'],
      ],
    })
    expect(text).toBe(['  size      n', '  ─────  ────', '  Large     5', '  S      1234', ''].join('\n'))
  })

  test('of no rows is its headings', () => {
    expect(printResult({ columns: ['a', 'bcd'], rows: [] })).toBe('  a  bcd\n  ─  ───\n')
  })
})
