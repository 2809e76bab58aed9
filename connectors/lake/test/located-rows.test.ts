/** Values go from their bytes into the table, or are decoded: whichever way, the rows and the refusals are the same. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { jsonConverter } from '@sluice/codecs'
import { readParquet } from '@sluice/lake'
import type { Converter, RawSettings, SinkRecord } from '@sluice/sdk'
import { SeededRandom, sinkRecord } from '@sluice/sdk/testing'
import type { SinkRun } from '@sluice/sdk/testing'
import { LakeFolder } from './lake-folder.ts'
import { P0, sinkInto } from './lake-runs.ts'
import { document, orderText } from './drawn-json.ts'

let folder: LakeFolder
beforeEach(async () => {
  folder = await LakeFolder.make()
})
afterEach(async () => {
  await folder.remove()
})

interface Outcome {
  /** By offset: the row, or why there is none. */
  readonly rows: Readonly<Record<number, unknown>>
  /** How many records were not decoded before they were put. */
  readonly scanned: number
  /** How many of these were decoded afterwards. */
  readonly readLater: number
}

const SCHEMA = JSON.stringify({
  type: 'struct',
  optional: false,
  fields: [
    { field: 'id', type: 'int64', optional: false },
    { field: 'seq', type: 'int64', optional: true },
    { field: 'small', type: 'int8', optional: true },
    { field: 'int', type: 'int32', optional: true, default: 42 },
    { field: 'name', type: 'string', optional: true },
    { field: 'ok', type: 'boolean', optional: true },
    { field: 'x', type: 'double', optional: true },
    { field: 'f', type: 'float', optional: true },
    { field: 'day', type: 'int32', name: 'org.apache.kafka.connect.data.Date', version: 1, optional: true },
    { field: 'at', type: 'int64', name: 'org.apache.kafka.connect.data.Timestamp', version: 1, optional: true },
    {
      field: 'address',
      type: 'struct',
      optional: true,
      fields: [
        { field: 'city', type: 'string', optional: false },
        {
          field: 'geo',
          type: 'struct',
          optional: true,
          fields: [
            { field: 'lat', type: 'double', optional: true },
            { field: 'id', type: 'int64', optional: true },
          ],
        },
      ],
    },
  ],
})

const KINDS: readonly {
  readonly name: string
  readonly converter: RawSettings
  readonly sink: RawSettings
  readonly wrap?: (json: string) => string
}[] = [
  { name: 'with a schema from the settings', converter: { 'schema.content': SCHEMA }, sink: {} },
  {
    name: 'with a schema, where numbers must fit and columns are renamed',
    converter: { 'schema.content': SCHEMA.replace('"small"', '"sm,all"'), 'integer.overflow': 'fail' },
    sink: { 'column.names': 'underscore', 'kafka.columns': 'topic,headers' },
    wrap: (json) => json,
  },
  {
    name: 'with a schema in each value',
    converter: {},
    sink: {},
    wrap: (json) => `{"schema":${SCHEMA},"payload":${json}}`,
  },
  {
    name: 'in a table parted by fields',
    converter: { 'schema.content': SCHEMA },
    sink: { 'partition.by': 'ok,bucket(3:name)' },
  },
  {
    name: 'in a table parted by what is made of fields',
    converter: { 'schema.content': SCHEMA.replace('"small"', '"sm,all"') },
    sink: { 'partition.by': 'bucket(2:seq),bucket(2:sm_all),month(at)', 'column.names': 'underscore' },
    wrap: (json) => json,
  },
  {
    name: 'in a table parted by days, of which records are late',
    converter: { 'schema.content': SCHEMA },
    sink: {
      'partition.by': 'day(),__partition',
      'kafka.columns': 'partition',
      'timestamp.extractor': 'Record',
      'late.after.ms': '3000',
      'late.records': 'report',
    },
  },
  {
    name: 'without a schema, in a table parted by fields',
    converter: { 'schemas.enable': 'false' },
    sink: { 'schemaless.records': 'infer', 'partition.by': 'ok,bucket(2:id)' },
  },
  {
    name: 'without a schema',
    converter: { 'schemas.enable': 'false' },
    sink: { 'schemaless.records': 'infer' },
  },
  {
    name: 'without a schema, where numbers must fit',
    converter: { 'schemas.enable': 'false', 'integer.overflow': 'fail' },
    sink: { 'schemaless.records': 'infer' },
  },
]

/** Without the name that cannot be a column's. */
function plain(json: string): string {
  return json.replaceAll('sm,all', 'other')
}

describe.each(KINDS)('JSON $name', ({ converter, sink, wrap = plain }) => {
  const later = new Set<number>()

  test('becomes the same rows and refusals from its bytes as decoded, whole or damaged', async () => {
    const random = new SeededRandom(7)
    const values = Array.from({ length: 4000 }, () => document(random, wrap))
    const first = Array.from({ length: 5 }, (_, i) => Buffer.from(wrap(orderText(i))))
    const decoded = await run(false, [first, values])
    const fromBytes = await run(true, [first, values])
    expect(fromBytes.rows).toEqual(decoded.rows)
    expect(decoded.scanned).toBe(0)
    expect(fromBytes.scanned).toBeGreaterThan(values.length / 4)
    expect(fromBytes.readLater).toBeLessThan(fromBytes.scanned / 4)
    expect(Object.values(decoded.rows).filter((row) => typeof row === 'string').length).toBeGreaterThan(100)
  })

  async function run(isScanning: boolean, batches: readonly (readonly Uint8Array[])[]): Promise<Outcome> {
    const json = jsonConverter.create(converter, 'value')
    const name = isScanning ? 'bytes' : 'decoded'
    const settings = {
      'table.name': name,
      'kafka.coordinates': 'true',
      'behavior.on.null.values': 'report',
      ...sink,
    } as RawSettings
    const task = sinkInto(folder, settings)
    await task.start([P0])
    const rows: Record<number, unknown> = {}
    let scanned = 0
    let offset = 0
    later.clear()
    for (const batch of batches) {
      const records: SinkRecord[] = []
      for (const bytes of batch) {
        const at = offset++
        try {
          const record = recordOf(at, bytes, json, isScanning ? task : undefined)
          if (record.scanned !== undefined) scanned++
          records.push(record)
        } catch (error) {
          rows[at] = `not decoded: ${reasonOf(error)}`
        }
      }
      await task.put(records)
    }
    await task.flush(true)
    await task.stop()
    for (const { record, error } of task.context.reported) {
      rows[record.offset] = `reported: ${reasonOf(error).replaceAll(`/${name}`, '')}`
    }
    for await (const row of rowsOf(name)) rows[Number(row['_kafka_offset'])] = row
    return { rows, scanned, readLater: later.size }
  }

  /** As the worker makes it. */
  function recordOf(offset: number, bytes: Uint8Array, json: Converter, task: SinkRun | undefined): SinkRecord {
    const text = task && json.jsonIn!(bytes)
    const scanned = text && task.task.scan!('orders', bytes, text)
    if (scanned === undefined) {
      const { schema, value } = json.decode('orders', bytes)
      return sinkRecord({ ...P0, offset }, value, schema)
    }
    const { value: _, ...rest } = sinkRecord({ ...P0, offset }, null, text!.schema)
    const record = { ...rest, scanned }
    const get = (): SinkRecord['value'] => {
      later.add(offset)
      return json.decode('orders', bytes).value
    }
    return Object.defineProperty(record, 'value', { get }) as SinkRecord
  }

  async function* rowsOf(table: string): AsyncGenerator<Record<string, unknown>> {
    const log = (await folder.log(table)).flat()
    for (const { add } of log) {
      if (add === undefined) continue
      const file = await readFile(join(folder.path, table, decodeURIComponent(add['path'] as string)))
      for await (const row of readParquet(file)) yield { ...row, parts: add['partitionValues'] }
    }
  }
})

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message} (${cause.message})` : message
}
