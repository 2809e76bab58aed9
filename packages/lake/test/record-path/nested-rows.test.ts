import { describe, expect, test } from '@jest/globals'
import { array, decimal, map, primitive, struct, timestamp } from '@sluice/sdk'
import type { StructSchema } from '@sluice/sdk'
import { MemoryStore } from '@sluice/object-store'
import { DeltaTable, TableWriter, deltaSchemaOf } from '@sluice/lake'
import { testPorts } from '../support/ports.ts'
import { query, readLog } from '../support/table-state.ts'

const point = struct({ lat: primitive('float64'), lon: primitive('float64') }, { optional: true })
const orders = struct({
  id: primitive('int64'),
  address: struct({ city: primitive('string'), zip: primitive('string', { optional: true }), geo: point }),
  lines: array(struct({ sku: primitive('string'), price: decimal(2) })),
  labels: map(primitive('string'), timestamp({ optional: true }), { optional: true }),
})

async function open(schema: StructSchema): Promise<{ store: MemoryStore; writer: TableWriter }> {
  const store = new MemoryStore()
  const ports = testPorts()
  const table = await DeltaTable.openOrCreate(store, 'orders', deltaSchemaOf(schema), ports)
  const options = { rowsMax: 1e6, bytesMax: 64e6, ageMaxMs: 60_000, idleMaxMs: 600_000, parquet: {} }
  return { store, writer: new TableWriter(table, store, options, ports) }
}

describe('rows with nested values', () => {
  test('become a table that others read, with statistics for what is in structs and none below lists', async () => {
    const { store, writer } = await open(orders)
    const lane = writer.lane('p0', 'orders-0')
    writer.append(lane, 0, {
      id: 1n,
      address: { city: 'Oslo', zip: null, geo: { lat: 59.9, lon: 10.7 } },
      lines: [
        { sku: 'a', price: '1.50' },
        { sku: 'b', price: '2.00' },
      ],
      labels: new Map([['packed', 1_760_000_000_000]]),
    })
    writer.append(lane, 1, { id: 2n, address: { city: 'Bern', zip: '3000', geo: null }, lines: [], labels: null })
    await writer.commit()
    const log = await readLog(store, 'orders')
    const add = log.flat().find((action) => action['add'] !== undefined)!['add']!
    expect(JSON.parse(add['stats'] as string)).toEqual({
      numRecords: 2,
      minValues: { id: 1, address: { city: 'Bern', zip: '3000', geo: { lat: 59.9, lon: 10.7 } } },
      maxValues: { id: 2, address: { city: 'Oslo', zip: '3000', geo: { lat: 59.9, lon: 10.7 } } },
      nullCount: { id: 0, address: { city: 0, zip: 1, geo: { lat: 1, lon: 1 } } },
    })
    const sql = `select address.city as city, address.geo.lat as lat, lines[2].price::varchar as price,
      epoch_ms(labels['packed']) as packed from $files order by id`
    expect(await query(store, 'orders', sql)).toEqual([
      { city: 'Oslo', lat: 59.9, price: '2.00', packed: '1760000000000' },
      { city: 'Bern', lat: null, price: null, packed: null },
    ])
  })

  test('go on when a struct gets a field, old rows having none', async () => {
    const line = { sku: primitive('string') }
    const { store, writer } = await open(struct({ id: primitive('int64'), lines: array(struct(line)) }))
    const lane = writer.lane('p0', 'orders-0')
    writer.append(lane, 0, { id: 1, lines: [{ sku: 'a' }] })
    const wider = struct({ ...line, note: primitive('string', { optional: true }) })
    await writer.accept(struct({ id: primitive('int64'), lines: array(wider) }))
    writer.append(lane, 1, { id: 2, lines: [{ sku: 'b', note: 'n' }, { sku: 'c' }] })
    await writer.commit()
    const schema = JSON.parse(
      (await readLog(store, 'orders')).flat().findLast((action) => action['metaData'] !== undefined)!['metaData']![
        'schemaString'
      ] as string,
    ) as { fields: { type: { elementType?: { fields: { name: string }[] } } }[] }
    expect(schema.fields[1]!.type.elementType!.fields.map(({ name }) => name)).toEqual(['sku', 'note'])
    expect(await query(store, 'orders', `select id::int as id, lines from $files order by id`)).toEqual([
      { id: 1, lines: [{ sku: 'a', note: null }] },
      {
        id: 2,
        lines: [
          { sku: 'b', note: 'n' },
          { sku: 'c', note: null },
        ],
      },
    ])
  })
})
