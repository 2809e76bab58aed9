/** A record of six fields, of 100 bytes and of 1 KB: converted, and changed by three transforms, beside Kafka Connect's own. */
import { jsonConverter } from '@sluice/codecs'
import { primitive, struct, type SinkRecord, type Transform, type Value } from '@sluice/sdk'
import { transforms } from '@sluice/transforms'
import type { BenchCase } from '../bench-case.ts'
import { costPerCall } from './cost-per-call.ts'
import { javaCosts } from './java-converters.ts'

const HEAD = '{"id":7,"name":"customer 7","amount":8.75,"active":false,"ts":1700000000007,"note":"'
const SCHEMA = struct({
  id: primitive('int64'),
  name: primitive('string'),
  amount: primitive('float64'),
  active: primitive('boolean'),
  ts: primitive('int64'),
  note: primitive('string'),
})

interface Bars {
  readonly read: number
  readonly write?: number
  readonly readEnvelope?: number
  readonly writeEnvelope?: number
}

export function sixFieldCases(short: boolean): BenchCase[] {
  const java = javaCosts(short)
  const calls = short ? 5_000 : 200_000
  return [
    ...converted(100, { read: 0.7, write: 0.5, readEnvelope: 1, writeEnvelope: 0.7 }, calls, java),
    ...converted(1024, { read: 2.5 }, calls, java),
    ...transformed(calls, java),
  ]
}

function converted(bytes: number, bars: Bars, calls: number, java: ReadonlyMap<string, number>): BenchCase[] {
  const json = Buffer.from(`${HEAD}${'x'.repeat(bytes - HEAD.length - 2)}"}`)
  const value = JSON.parse(json.toString()) as Value
  const bare = jsonConverter.create({ 'schemas.enable': 'false' }, 'value')
  const enveloped = jsonConverter.create({}, 'value')
  const [write, writeEnvelope] = [bare.encoder('t', null), enveloped.encoder('t', SCHEMA)]
  const envelope = Buffer.from(writeEnvelope(value)!)
  const size = bytes === 100 ? '100 B' : '1 KB'
  const row = (what: string, name: string, ours: () => unknown, limit: () => unknown, bar?: number): BenchCase => ({
    name: `JSON of 6 fields, ${size}, ${name}`,
    unit: 'µs',
    ours: costPerCall(ours, calls),
    peer: [
      { name: 'JSON.parse or JSON.stringify alone', value: costPerCall(limit, calls) },
      { name: 'Java', value: java.get(`${what} ${bytes}`) ?? null },
    ],
    ...(bar !== undefined && { bar }),
  })
  const stringified = (): unknown => Buffer.from(JSON.stringify(value))
  const parsed = (text: Buffer) => (): unknown => JSON.parse(text.toString())
  return [
    row('read', 'read without schema', () => bare.decode('t', json), parsed(json), bars.read),
    row('write map', 'written without schema', () => write(value), stringified, bars.write),
    row(
      'read envelope',
      'read from its envelope',
      () => enveloped.decode('t', envelope),
      parsed(envelope),
      bars.readEnvelope,
    ),
    row('write envelope', 'written with its envelope', () => writeEnvelope(value), stringified, bars.writeEnvelope),
  ]
}

/** InsertField, ReplaceField and MaskField, one after the other. */
function transformed(calls: number, java: ReadonlyMap<string, number>): BenchCase[] {
  const value = JSON.parse(`${HEAD}xxxxxxxxxxxxx"}`) as Value
  const of = (name: string, settings: Readonly<Record<string, string>>): Transform =>
    transforms.find((plugin) => plugin.name === name)!.create(settings)
  const row = (what: string, valueSchema: SinkRecord['valueSchema']): BenchCase => {
    const insert = of('insert-field-value', { 'static.field': 'origin', 'static.value': 'bench' })
    const replace = of('replace-field-value', { renames: 'name:customer,ts:created' })
    const mask = of('mask-field-value', { fields: 'note' })
    const record: SinkRecord = {
      topic: 't',
      partition: 0,
      offset: 1,
      keySchema: null,
      key: null,
      valueSchema,
      value,
      timestamp: 1,
      timestampType: 'create',
      headers: null,
      originalTopic: 't',
      originalPartition: 0,
      originalOffset: 1,
    }
    return {
      name: `three transforms on a ${what} of 6 fields`,
      unit: 'µs',
      ours: costPerCall(() => mask(replace(insert(record)!)!), calls),
      peer: [
        { name: 'three copies of the object', value: costPerCall(() => copied(copied(copied(record))), calls) },
        { name: 'Java', value: java.get(`three transforms ${what}`) ?? null },
      ],
      bar: 0.3,
    }
  }
  return [row('map', null), row('struct', SCHEMA)]
}

function copied(record: SinkRecord): SinkRecord {
  return { ...record, value: { ...(record.value as Readonly<Record<string, Value>>) } }
}
