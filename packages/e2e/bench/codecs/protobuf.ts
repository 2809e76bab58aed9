/** A record of six fields in Protobuf behind a schema id, beside protobufjs alone. */
import { protobufConverterWith, protobufSettings } from '@sluice/codecs'
import type { SchemaRegistry } from '@sluice/schema-registry'
import { memoryRegistry } from '@sluice/schema-registry/testing'
import { NotReadyError, primitive, struct } from '@sluice/sdk'
import protobuf from 'protobufjs'
import type { BenchCase } from '../bench-case.ts'
import { costPerCall } from './cost-per-call.ts'

const SCHEMA = struct(
  {
    id: primitive('int64'),
    name: primitive('string'),
    amount: primitive('float64'),
    active: primitive('boolean'),
    ts: primitive('int64'),
    note: primitive('string', { optional: true }),
  },
  { name: 'bench.Order' },
)
const VALUE = { id: 7, name: 'customer 7', amount: 8.75, active: true, ts: 1_700_000_000_007, note: 'x'.repeat(40) }

export async function protobufCases(short: boolean): Promise<BenchCase[]> {
  const calls = short ? 5_000 : 200_000
  const registry = await memoryRegistry()
  const settings = protobufSettings.parse({ 'schema.registry.url': 'http://unused' })
  const converter = protobufConverterWith(settings, 'value', registry)
  const encode = converter.encoder('t', SCHEMA)
  const bytes = Buffer.from(await ready(() => encode(VALUE)!))
  await ready(() => converter.decode('t', bytes))
  const alone = await peerType(registry)
  const written = alone.encode(alone.fromObject(VALUE)).finish()
  return [
    row(
      'read',
      () => converter.decode('t', bytes),
      () => alone.decode(written),
      calls,
    ),
    row(
      'written',
      () => encode(VALUE),
      () => alone.encode(VALUE).finish(),
      calls,
    ),
  ]
}

async function peerType(registry: SchemaRegistry): Promise<protobuf.Type> {
  const { text } = await registry.latest('t-value')
  return protobuf.parse(text, new protobuf.Root(), { keepCase: true }).root.lookupType('bench.Order')
}

async function ready<T>(convert: () => T): Promise<T> {
  try {
    return convert()
  } catch (error) {
    if (!(error instanceof NotReadyError)) throw error
    await error.ready(new AbortController().signal)
    return ready(convert)
  }
}

function row(name: string, ours: () => unknown, alone: () => unknown, calls: number): BenchCase {
  return {
    name: `Protobuf of 6 fields, ${name}`,
    unit: 'µs',
    ours: costPerCall(ours, calls),
    peer: [{ name: 'protobufjs alone', value: costPerCall(alone, calls) }],
    bar: 0.5,
  }
}
