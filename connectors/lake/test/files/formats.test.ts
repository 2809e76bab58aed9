import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { DuckDBInstance } from '@duckdb/node-api'
import { decimal, primitive, struct } from '@sluice/sdk'
import type { RawSettings, SinkRecord } from '@sluice/sdk'
import type { MemoryStore } from '@sluice/object-store'
import { P0, filesIn, filesInto, memory, order, textOf } from './file-runs.ts'

const priced = struct({
  id: primitive('int64'),
  price: decimal(2, { parameters: { 'connect.decimal.precision': '9' } }),
})
const rows = [0, 1].map((id) => order(id, { id, price: `${id}.50` }, priced))

/** The one file that the records become, and its name. */
async function written(
  settings: RawSettings,
  records: readonly SinkRecord[] = rows,
): Promise<{ store: MemoryStore; name: string }> {
  const store = memory()
  const run = filesInto(store, settings)
  await run.start([P0])
  await run.put(records)
  await run.flush(true)
  await run.stop()
  const [name, ...more] = await filesIn(store)
  expect(more).toEqual([])
  expect(run.context.reported).toEqual([])
  return { store, name: name!.slice('topics/orders/partition=0/'.length) }
}

async function contentOf({ store, name }: { store: MemoryStore; name: string }): Promise<Uint8Array> {
  return store.get(`topics/orders/partition=0/${name}`)
}

describe('json', () => {
  test('takes records without a schema, and whole files may be compressed', async () => {
    const file = await written({ 's3.compression.type': 'gzip' }, [
      order(0, { a: [1, null] }, null),
      order(1, 'x', null),
    ])
    expect(file.name).toBe('orders+0+0000000000.json.gz')
    expect(gunzipSync(await contentOf(file)).toString()).toBe('{"a":[1,null]}\n"x"\n')
  })

  test('Decimals are numbers where json.decimal.format says so', async () => {
    const file = await written({
      'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
      'json.decimal.format': 'NUMERIC',
    })
    expect(await textOf(file.store, `topics/orders/partition=0/${file.name}`)).toBe(
      '{"id":0,"price":0.50}\n{"id":1,"price":1.50}\n',
    )
  })
})

describe('bytes', () => {
  test('are as they came, each with the separator behind it', async () => {
    const records = [order(0, Buffer.from('ab'), null), order(1, Buffer.from([0xff]), null)]
    const file = await written(
      { 'format.class': 'bytes', 'format.bytearray.separator': '|', 'format.bytearray.extension': '.raw' },
      records,
    )
    expect(file.name).toBe('orders+0+0000000000.raw')
    expect([...(await contentOf(file))]).toEqual([0x61, 0x62, 0x7c, 0xff, 0x7c])
  })

  test('anything else becomes a dead letter', async () => {
    const run = filesInto(memory(), { 'format.class': 'bytes' })
    await run.start([P0])
    await run.put([order(0)])
    expect(run.context.reported).toMatchObject([{ error: { code: 'DATA_INVALID' } }])
    await run.stop()
  })
})

describe('avro', () => {
  test('is a container file with the schema; equal records give equal bytes', async () => {
    const [file, again] = [await written({ 'format.class': 'avro' }), await written({ 'format.class': 'avro' })]
    expect(file.name).toBe('orders+0+0000000000.avro')
    const bytes = await contentOf(file)
    expect(Buffer.from(bytes.subarray(0, 4)).toString('latin1')).toBe('Obj\x01')
    expect(await contentOf(again)).toEqual(bytes)
  })
})

describe('parquet', () => {
  test.each([
    ['snappy', 'orders+0+0000000000.snappy.parquet'],
    ['zstd', 'orders+0+0000000000.zstd.parquet'],
    ['none', 'orders+0+0000000000.parquet'],
  ])('with %s is read by DuckDB', async (codec, name) => {
    const file = await written({ 'format.class': 'parquet', 'parquet.codec': codec })
    expect(file.name).toBe(name)
    const folder = await mkdtemp(join(tmpdir(), 'sluice-files-'))
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    try {
      await writeFile(join(folder, 'x.parquet'), await contentOf(file))
      const answer = await connection.runAndReadAll(
        `select id, price from read_parquet('${join(folder, 'x.parquet')}')`,
      )
      expect(answer.getRowObjectsJson()).toEqual([
        { id: '0', price: '0.50' },
        { id: '1', price: '1.50' },
      ])
    } finally {
      connection.closeSync()
      instance.closeSync()
      await rm(folder, { recursive: true })
    }
  })

  test.each(['parquet', 'avro'])(
    'records without a schema become dead letters, and the others are written (%s)',
    async (format) => {
      const store = memory()
      const run = filesInto(store, { 'format.class': format })
      await run.start([P0])
      await run.put([order(0, { a: 1 }, null), order(1)])
      expect(run.context.reported).toMatchObject([{ record: { offset: 0 }, error: { code: 'DATA_INVALID' } }])
      expect(await run.flush(true)).toEqual([{ ...P0, offset: 2 }])
      expect(await filesIn(store)).toHaveLength(1)
      await run.stop()
    },
  )
})
