/** A table that changes while it is written: what the log says, and that its rows come out again under the names of today. */
import { describe, expect, test } from '@jest/globals'
import { array, primitive, struct, timestamp } from '@sluice/sdk'
import type { StructSchema } from '@sluice/sdk'
import { MemoryStore } from '@sluice/object-store'
import { DeltaTable, TableWriter, deltaSchemaOf } from '@sluice/lake'
import type { TableDesign } from '@sluice/lake'
import { testPorts } from '../support/ports.ts'
import { query, readLog } from '../support/table-state.ts'

interface Opened {
  readonly store: MemoryStore
  readonly table: DeltaTable
  readonly writer: TableWriter
  readonly write: (...rows: Record<string, unknown>[]) => Promise<void>
}

async function open(schema: StructSchema, design: TableDesign = {}): Promise<Opened> {
  const [store, ports] = [new MemoryStore(), testPorts()]
  const table = await DeltaTable.openOrCreate(store, 'events', deltaSchemaOf(schema), ports, undefined, design)
  const limits = { rowsMax: 1e6, bytesMax: 1e8, ageMaxMs: 1e6, idleMaxMs: 1e6 }
  const writer = new TableWriter(table, store, { ...limits, parquet: { codec: 'snappy' } }, ports)
  let offset = 0
  return {
    store,
    table,
    writer,
    write: async (...rows) => {
      for (const row of rows) writer.append(writer.lane('p0', 'events-0'), offset++, row)
      await writer.commit()
    },
  }
}

async function actions(store: MemoryStore, kind: string): Promise<Record<string, unknown>[]> {
  const log = await readLog(store, 'events')
  return log.flat().flatMap((action) => (action[kind] === undefined ? [] : [action[kind]]))
}

const id = primitive('int64')
const optional = { optional: true }

describe('features are turned on by what needs them, and not before', () => {
  test('a wall clock column: reader 3, writer 7, timestampNtz', async () => {
    const { store, table, writer, write } = await open(struct({ id }))
    expect((await actions(store, 'protocol')).at(-1)).toEqual({ minReaderVersion: 1, minWriterVersion: 2 })
    const wall = timestamp({ optional: true, parameters: { 'sluice.timestamp.zone': 'none' } })
    await writer.accept(struct({ id, at: wall }))
    await write({ id: 1, at: 1_795_860_000_123 })
    expect((await actions(store, 'protocol')).at(-1)).toEqual({
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ['timestampNtz'],
      writerFeatures: ['appendOnly', 'invariants', 'timestampNtz'],
    })
    expect(table.snapshot.schema.fields[1]!.type).toBe('timestamp_ntz')
    expect(await query(store, 'events', 'select "at", typeof("at") as type from $files')).toEqual([
      { at: '2026-11-28 10:00:00.123', type: 'TIMESTAMP' },
    ])
    const [add] = await actions(store, 'add')
    expect(JSON.parse(add!['stats'] as string).minValues.at).toBe('2026-11-28T10:00:00.123')
  })

  test('type widening: only where the table says so; the files before stay', async () => {
    const narrow = struct({ id: primitive('int32') })
    const strict = await open(narrow)
    await expect(strict.writer.accept(struct({ id }))).rejects.toThrow('the rows hold long and the table integer')
    const { store, writer, write } = await open(narrow, { properties: { 'delta.enableTypeWidening': 'true' } })
    await write({ id: 1 })
    await writer.accept(struct({ id }))
    await write({ id: 5_000_000_000 })
    expect((await actions(store, 'protocol')).at(-1)).toMatchObject({ readerFeatures: ['typeWidening'] })
    const { schemaString } = (await actions(store, 'metaData')).at(-1)!
    expect(JSON.parse(schemaString as string).fields[0]).toMatchObject({
      type: 'long',
      metadata: { 'delta.typeChanges': [{ fromType: 'integer', toType: 'long' }] },
    })
    expect(await query(store, 'events', 'select sum(id) as sum from $files')).toEqual([{ sum: '5000000001' }])
  })

  test('rows of the narrower type that wait while another widens the column are committed all the same', async () => {
    const { store, table, writer, write } = await open(struct({ id: primitive('int32') }), {
      properties: { 'delta.enableTypeWidening': 'true' },
    })
    writer.append(writer.lane('p1', 'events-1'), 0, { id: 7 })
    const other = (await DeltaTable.open(store, 'events', testPorts()))!
    await other.evolve(deltaSchemaOf(struct({ id })))
    await write()
    expect(table.snapshot.fileCount).toBe(1)
    expect(table.snapshot.schema.fields[0]!.type).toBe('long')
  })

  test('a domain: writer 7, readers pay nothing; others’ domains stay, through checkpoints too', async () => {
    const { store, table, write } = await open(struct({ id }))
    await table.setDomain('theirs', '{"a":1}')
    await table.setDomain('ours', 'x')
    await table.setDomain('ours', undefined)
    expect((await actions(store, 'protocol')).at(-1)).toEqual({
      minReaderVersion: 1,
      minWriterVersion: 7,
      writerFeatures: ['appendOnly', 'invariants', 'domainMetadata'],
    })
    for (let i = 0; i < 8; i++) await write({ id: i })
    await table.settled()
    for (let version = 0; version < 10; version++)
      await store.delete(`events/_delta_log/${String(version).padStart(20, '0')}.json`)
    const again = await DeltaTable.open(store, 'events', testPorts())
    expect(Array.from(again!.snapshot.domains)).toEqual([
      { domain: 'theirs', configuration: '{"a":1}', removed: false },
    ])
    await expect(table.setDomain('delta.rowTracking', '{}')).rejects.toMatchObject({ code: 'TABLE_UNSUPPORTED' })
  })
})

describe('mapped columns', () => {
  const mapped = { properties: { 'delta.columnMapping.mode': 'name' } }
  const schema = struct({
    id,
    part: primitive('string'),
    deep: struct({ x: id, y: primitive('string', optional) }, optional),
  })

  test('files, statistics and partitions go by physical names; rename and drop touch no file', async () => {
    const { store, table, writer, write } = await open(schema, { ...mapped, partitionColumns: ['part'] })
    expect((await actions(store, 'protocol')).at(-1)).toEqual({ minReaderVersion: 2, minWriterVersion: 5 })
    await write({ id: 1, part: 'p', deep: { x: 2, y: 'z' } })
    const [before] = await actions(store, 'add')
    const physical = table.snapshot.schema.fields.map(
      ({ metadata }) => metadata['delta.columnMapping.physicalName'] as string,
    )
    expect(before!['partitionValues']).toEqual({ [physical[1]!]: 'p' })
    expect(Object.keys(JSON.parse(before!['stats'] as string).minValues)).toEqual([physical[0], physical[2]])
    expect(before!['path']).toMatch(/^part=p\//)

    await table.alter({ kind: 'rename column', column: ['id'], to: 'order_id' })
    await table.alter({ kind: 'rename column', column: ['part'], to: 'region' })
    await table.alter({ kind: 'drop column', column: ['deep', 'y'] })
    expect(table.snapshot.metadata.partitionColumns).toEqual(['region'])
    await writer.accept(
      struct({
        order_id: id,
        region: primitive('string'),
        deep: struct({ x: id }, optional),
        more: array(id, optional),
      }),
    )
    await write({ order_id: 3, region: 'q', deep: { x: 4 }, more: [5] })
    expect(await actions(store, 'remove')).toEqual([])
    const rows = await query(
      store,
      'events',
      `select "${physical[0]}" as id, "${physical[2]}" as deep from $files order by 1`,
    )
    expect(rows.map((row) => [row['id'], Object.values(row['deep'] as object)[0]])).toEqual([
      ['1', '2'],
      ['3', '4'],
    ])
    const fields = table.snapshot.schema.fields
    expect(fields.map(({ name }) => name)).toEqual(['order_id', 'region', 'deep', 'more'])
    expect(fields[3]!.metadata['delta.columnMapping.physicalName']).toMatch(/^col-/)
  })

  test('a value that does not fit is refused under the name that people know', async () => {
    const { writer, table } = await open(schema, mapped)
    const append = (): unknown => writer.append(writer.lane('p0', 'events-0'), 0, { id: 'x', part: 'p' })
    const physical = table.snapshot.schema.fields[0]!.metadata['delta.columnMapping.physicalName'] as string
    expect(append).toThrow('Column "id"')
    expect(append).toThrow(expect.objectContaining({ place: { column: 'id' } }))
    expect(append).not.toThrow(physical)
  })

  test('a table that is there can be mapped later: its files keep their names, new columns get names of their own', async () => {
    const { store, table, writer, write } = await open(struct({ id }))
    await write({ id: 1 })
    await expect(table.alter({ kind: 'rename column', column: ['id'], to: 'k' })).rejects.toThrow(
      'columns are not mapped',
    )
    await table.alter({ kind: 'set properties', properties: mapped.properties })
    await table.alter({ kind: 'rename column', column: ['id'], to: 'k' })
    await writer.accept(struct({ k: id, n: primitive('string', optional) }))
    await write({ k: 2, n: 'x' })
    expect(await query(store, 'events', 'select sum(id) as sum from $files')).toEqual([{ sum: '3' }])
    expect(
      table.snapshot.schema.fields.map(({ name, metadata }) => [name, metadata['delta.columnMapping.id']]),
    ).toEqual([
      ['k', 1],
      ['n', 2],
    ])
  })

  test('what cannot be taken back, and what nobody here keeps, is refused by name', async () => {
    const { table } = await open(schema, { ...mapped, partitionColumns: ['part'] })
    const alter = (change: Parameters<DeltaTable['alter']>[0]): Promise<void> => table.alter(change)
    await expect(alter({ kind: 'drop column', column: ['part'] })).rejects.toThrow('it parts the table')
    await expect(alter({ kind: 'unset properties', names: ['delta.columnMapping.mode'] })).rejects.toThrow(
      'columns are mapped',
    )
    for (const name of ['delta.enableDeletionVectors', 'delta.feature.rowTracking', 'delta.constraints.c'])
      await expect(alter({ kind: 'set properties', properties: { [name]: 'true' } })).rejects.toThrow(name)
    const version = table.snapshot.version
    await alter({ kind: 'set properties', properties: mapped.properties })
    await alter({ kind: 'unset properties', names: ['not.there'] })
    expect(table.snapshot.version).toBe(version)
  })
})
