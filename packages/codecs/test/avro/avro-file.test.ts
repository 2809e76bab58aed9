import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import avsc from 'avsc'
import { AvroFileWriter } from '@sluice/codecs'
import type { AvroFileOptions } from '@sluice/codecs'
import { array, decimal, primitive, struct, timestamp } from '@sluice/sdk'
import type { Value } from '@sluice/sdk'

const order = struct(
  {
    id: primitive('int64'),
    note: primitive('string', { optional: true }),
    lines: array(struct({ sku: primitive('string'), count: primitive('int32') }, { name: 'Line' })),
    at: timestamp(),
    price: decimal(2),
  },
  { name: 'shop.Order' },
)

const orders = (count: number): Value[] =>
  Array.from({ length: count }, (_, id) => ({
    id,
    note: id % 3 === 0 ? null : `note ${id} é`,
    lines: [{ sku: `s${id}`, count: id }],
    at: 1_700_000_000_000 + id,
    price: '12.50',
  }))

function written(values: readonly Value[], options?: AvroFileOptions): Uint8Array {
  const writer = new AvroFileWriter(order, options)
  for (const value of values) writer.append(value)
  return writer.finish()
}

/** As avsc, a reader of others, reads it. */
async function read(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-avro-'))
  try {
    await writeFile(join(folder, 'x.avro'), bytes)
    const rows: Record<string, unknown>[] = []
    await new Promise((resolve, reject) => {
      avsc
        .createFileDecoder(join(folder, 'x.avro'))
        .on('data', (row: Record<string, unknown>) => rows.push(row))
        .on('end', resolve)
        .on('error', reject)
    })
    return rows
  } finally {
    await rm(folder, { recursive: true })
  }
}

test.each(['null', 'deflate'] as const)(
  'what is written with codec %s, avsc reads: in order, over many blocks',
  async (codec) => {
    const rows = await read(written(orders(5000), { codec }))
    expect(rows).toHaveLength(5000)
    expect(rows[4999]).toMatchObject({ id: 4999, note: 'note 4999 é', lines: [{ sku: 's4999', count: 4999 }] })
    expect(rows[4998]).toMatchObject({ id: 4998, note: null, at: 1_700_000_004_998 })
  },
)

test('a file of no values is one, and equal values give equal bytes', async () => {
  expect(await read(written([]))).toEqual([])
  expect(written(orders(100))).toEqual(written(orders(100)))
})

test('a value that does not fit leaves the file as it was', async () => {
  const writer = new AvroFileWriter(order)
  writer.append(orders(1)[0]!)
  expect(() => writer.append({ id: 'seven' })).toThrow(/id/)
  writer.append(orders(2)[1]!)
  expect((await read(writer.finish())).map(({ id }) => id)).toEqual([0, 1])
})
