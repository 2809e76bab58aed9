/**
 * Makes Delta tables of every kind that this package writes, for readers of others to look at:
 *
 *     node --conditions=@sluice/source packages/lake/test/make-delta-tables.ts FOLDER
 *
 * Beside them goes `expected.json`: per table and version the rows that a reader must find there, kept here row by row and
 * not taken from the table. Values are texts as `.ci/delta-tables.py` makes them too; null is null.
 */
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FileStore } from '@sluice/object-store'
import type { ObjectFacts } from '@sluice/object-store'
import {
  MemoryMetrics,
  array,
  date,
  decimal,
  map,
  primitive,
  struct,
  systemClock,
  systemRandom,
  timestamp,
} from '@sluice/sdk'
import type { Clock, StructSchema } from '@sluice/sdk'
import { DeltaTable, TableWriter, deltaSchemaOf } from '@sluice/lake'
import type { TableDesign } from '@sluice/lake'

type Row = Record<string, unknown>
/** What a row says, by the texts of its values. */
type Said = Record<string, unknown>

const [folder = ''] = process.argv.slice(2)
/** Milliseconds by which it is later than it is. */
let aheadMs = 0
class LateStore extends FileStore {
  override async head(path: string): Promise<ObjectFacts | undefined> {
    const facts = await super.head(path)
    return facts && { ...facts, modifiedMs: facts.modifiedMs + aheadMs }
  }
}
const store = new LateStore(folder)
const expected: Record<string, { versions: Record<number, Said[]>; gone: number[] }> = {}

class Kept {
  readonly table: DeltaTable
  readonly #writer: TableWriter
  readonly #name: string
  #rows: Said[] = []
  #offset = 0

  private constructor(name: string, table: DeltaTable, clock: Clock) {
    this.#name = name
    this.table = table
    const limits = { rowsMax: 1e6, bytesMax: 1e8, ageMaxMs: 1e6, idleMaxMs: 1e6 }
    const ports = { clock, metrics: new MemoryMetrics(), newId: randomUUID }
    this.#writer = new TableWriter(table, store, { ...limits, parquet: { codec: 'zstd' } }, ports)
    expected[name] = { versions: {}, gone: [] }
    this.note()
  }

  static async make(name: string, schema: StructSchema, design: TableDesign = {}, clock = systemClock): Promise<Kept> {
    const ports = { clock, random: systemRandom, engineInfo: 'sluice-lake', newId: randomUUID }
    const table = await DeltaTable.openOrCreate(store, name, deltaSchemaOf(schema), ports, undefined, design)
    return new Kept(name, table, clock)
  }

  /** Rows that go in, with what a reader must say of each. */
  async write(...rows: readonly (readonly [Row, Said])[]): Promise<void> {
    for (const [row, said] of rows) {
      this.#writer.append(this.#writer.lane('p0', 'rows-0'), this.#offset++, row)
      this.#rows.push(said)
    }
    await this.#writer.commit()
    await this.table.settled()
    this.note()
  }

  async accept(schema: StructSchema, added: Said = {}): Promise<void> {
    await this.#writer.accept(schema)
    this.change((said) => ({ ...said, ...added }))
  }

  /** What a reader says of the rows so far, from this version on. */
  change(how: (said: Said) => Said): void {
    this.#rows = this.#rows.map(how)
    this.note()
  }

  note(): void {
    expected[this.#name]!.versions[this.table.snapshot.version] = [...this.#rows]
  }

  /** Those versions can no longer be read. */
  forget(upTo: number): void {
    const { versions, gone } = expected[this.#name]!
    for (const version of Object.keys(versions).map(Number))
      if (version < upTo) {
        gone.push(version)
        delete versions[version]
      }
  }
}

const id = primitive('int64')
const optional = { optional: true }
const text = primitive('string', optional)

async function everyType(): Promise<void> {
  const schema = struct({
    id,
    a: primitive('int8', optional),
    b: primitive('int16', optional),
    c: primitive('int32', optional),
    d: primitive('float32', optional),
    e: primitive('float64', optional),
    f: primitive('boolean', optional),
    g: text,
    h: primitive('bytes', optional),
    i: date(optional),
    j: timestamp(optional),
    k: decimal(2, { optional: true, parameters: { 'connect.decimal.precision': '9' } }),
    l: decimal(0, optional),
    m: array(text, optional),
    n: map(primitive('string'), primitive('int32', optional), optional),
    o: struct({ x: primitive('int64'), y: array(struct({ z: text }), optional) }, optional),
  })
  const nothing = Object.fromEntries(schema.fields.map(({ name }) => [name, null]))
  const table = await Kept.make('every_type', schema)
  await table.write(
    [
      { id: 1, a: -128, b: 32767, c: -2147483648, d: 0.5, e: 1e300, f: true, g: 'Zürich €𝄞', h: new Uint8Array([0, 255]), i: -1, j: 1_795_860_000_123, k: '-1234567.89', l: '9'.repeat(38), m: ['a', null, ''], n: new Map([['k', 1], ['l', null]]), o: { x: 7, y: [{ z: null }, { z: 'q' }] } }, // prettier-ignore
      { id: '1', a: '-128', b: '32767', c: '-2147483648', d: '0.5', e: '1e+300', f: 'true', g: 'Zürich €𝄞', h: '00ff', i: '1969-12-31', j: '2026-11-28T10:00:00.123000+00:00', k: '-1234567.89', l: '9'.repeat(38), m: ['a', null, ''], n: { k: '1', l: null }, o: { x: '7', y: [{ z: null }, { z: 'q' }] } }, // prettier-ignore
    ],
    [{ id: 9_223_372_036_854_775_807n }, { ...nothing, id: '9223372036854775807' }],
  )
}

async function parted(): Promise<void> {
  const schema = struct({
    id,
    region: text,
    day: date(optional),
    at: timestamp(optional),
    price: decimal(2, { optional: true, parameters: { 'connect.decimal.precision': '18' } }),
    flag: primitive('boolean', optional),
    count: primitive('int64', optional),
    note: text,
  })
  const table = await Kept.make('parted', schema, {
    partitionColumns: ['region', 'day', 'at', 'price', 'flag', 'count'],
  })
  const row = (n: number, region: string | null): readonly [Row, Said] => [
    { id: n, region, day: 20_785, at: 1_795_860_000_123, price: '12.5', flag: n % 2 === 0, count: 9_007_199_254_740_993n, note: `n${n}` }, // prettier-ignore
    { id: String(n), region, day: '2026-11-28', at: '2026-11-28T10:00:00.123000+00:00', price: '12.50', flag: String(n % 2 === 0), count: '9007199254740993', note: `n${n}` }, // prettier-ignore
  ]
  await table.write(row(1, 'eu'), row(2, 'a b/c=d%20:é'), row(3, null), row(4, '__HIVE_DEFAULT_PARTITION__'))
  await table.write(
    [
      { id: 5, note: 'all null' },
      { id: '5', region: null, day: null, at: null, price: null, flag: null, count: null, note: 'all null' },
    ],
    row(6, 'x'.repeat(400)),
  )
}

async function evolved(): Promise<void> {
  const table = await Kept.make('evolved', struct({ id, deep: struct({ x: id }, optional) }))
  await table.write([
    { id: 1, deep: { x: 2 } },
    { id: '1', deep: { x: '2' } },
  ])
  await table.accept(struct({ id, deep: struct({ x: primitive('int64', optional), y: text }, optional), more: text }))
  table.change((said) => ({ ...said, deep: { ...(said['deep'] as Said), y: null }, more: null }))
  await table.write([
    { id: 2, deep: { x: null, y: 'y' }, more: 'm' },
    { id: '2', deep: { x: null, y: 'y' }, more: 'm' },
  ])
}

async function wallClock(): Promise<void> {
  const table = await Kept.make('wall_clock', struct({ id }))
  await table.write([{ id: 1 }, { id: '1' }])
  const zoneless = timestamp({ optional: true, parameters: { 'sluice.timestamp.zone': 'none' } })
  await table.accept(struct({ id, at: zoneless }), { at: null })
  await table.write([
    { id: 2, at: 1_795_860_000_123 },
    { id: '2', at: '2026-11-28T10:00:00.123000' },
  ])
}

async function mapped(): Promise<void> {
  const schema = struct({ id, part: text, gone: text, deep: struct({ x: id }, optional) })
  const properties = { 'delta.columnMapping.mode': 'name' }
  const table = await Kept.make('mapped', schema, { properties, partitionColumns: ['part'] })
  await table.write([
    { id: 1, part: 'p', gone: 'g', deep: { x: 2 } },
    { id: '1', part: 'p', gone: 'g', deep: { x: '2' } },
  ])
  await table.table.alter({ kind: 'rename column', column: ['id'], to: 'order id' })
  table.change(({ id: key, ...said }) => ({ 'order id': key, ...said }))
  await table.table.alter({ kind: 'drop column', column: ['gone'] })
  table.change((said) => Object.fromEntries(Object.entries(said).filter(([name]) => name !== 'gone')))
  await table.table.alter({ kind: 'rename column', column: ['deep', 'x'], to: 'z' })
  table.change(({ deep, ...said }) => ({ ...said, deep: { z: (deep as Said)['x'] } }))
  await table.write([
    { 'order id': 2, part: null, deep: { z: 3 } },
    { 'order id': '2', part: null, deep: { z: '3' } },
  ])
}

async function widened(): Promise<void> {
  const properties = { 'delta.enableTypeWidening': 'true' }
  const table = await Kept.make('widened', struct({ id: primitive('int32'), n: primitive('int16', optional) }), {
    properties,
  })
  await table.write([
    { id: 1, n: 3 },
    { id: '1', n: '3' },
  ])
  await table.accept(struct({ id, n: primitive('int32', optional) }))
  await table.write([
    { id: 5_000_000_000, n: 70_000 },
    { id: '5000000000', n: '70000' },
  ])
}

/** Checkpoints at every tenth version; what is older than the thirtieth has left the log. */
async function cleanedUp(name: string, properties: Record<string, string>): Promise<void> {
  aheadMs = 0
  const clock: Clock = {
    now: () => systemClock.now() + aheadMs,
    monotonic: () => systemClock.monotonic(),
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
  }
  const table = await Kept.make(name, struct({ id, part: text }), { partitionColumns: ['part'], properties }, clock)
  await table.table.setDomain('somebody.else', '{"kept":true}')
  table.note()
  const row = (n: number): readonly [Row, Said] => [
    { id: n, part: `p${n % 3}` },
    { id: String(n), part: `p${n % 3}` },
  ]
  while (table.table.snapshot.version < 19) await table.write(row(table.table.snapshot.version))
  aheadMs = 400 * 86_400_000
  while (table.table.snapshot.version < 34) await table.write(row(table.table.snapshot.version))
  table.forget(30)
}

await everyType()
await parted()
await evolved()
await wallClock()
await mapped()
await widened()
await cleanedUp('cleaned_up', {})
await cleanedUp('checkpoints_v2', { 'delta.checkpointPolicy': 'v2' })
await writeFile(join(folder, 'expected.json'), `${JSON.stringify(expected)}\n`)
