/** A record of six fields in Protobuf behind a schema id, beside protobufjs alone. */
import { protobufConverterWith, protobufSettings } from '@sluice/codecs'
import type { SchemaRegistry } from '@sluice/schema-registry'
import { memoryRegistry } from '@sluice/schema-registry/testing'
import protobuf from 'protobufjs'
import type { BenchCase } from '../bench-case.ts'
import { costPerCall } from './cost-per-call.ts'
import { SCHEMA, VALUE as ORDER, ready } from './registered-order.ts'

/** Protobuf leaves false out. */
const VALUE = { ...ORDER, active: true }

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

function row(name: string, ours: () => unknown, alone: () => unknown, calls: number): BenchCase {
  return {
    name: `Protobuf of 6 fields, ${name}`,
    unit: 'µs',
    ours: costPerCall(ours, calls),
    peer: [{ name: 'protobufjs alone', value: costPerCall(alone, calls) }],
    bar: 0.5,
  }
}
