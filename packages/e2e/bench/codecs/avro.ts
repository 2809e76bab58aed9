/** A record of six fields in Avro behind a schema id, beside avsc alone. */
import { avroConverterWith, avroSettings } from '@sluice/codecs'
import type { SchemaRegistry } from '@sluice/schema-registry'
import { memoryRegistry } from '@sluice/schema-registry/testing'
import type { Value } from '@sluice/sdk'
import avsc from 'avsc'
import type { BenchCase } from '../bench-case.ts'
import { costPerCall } from './cost-per-call.ts'
import { SCHEMA, VALUE, ready } from './registered-order.ts'

export async function avroCases(short: boolean): Promise<BenchCase[]> {
  const calls = short ? 5_000 : 200_000
  const registry = await memoryRegistry()
  const converter = avroConverterWith(avroSettings.parse({ 'schema.registry.url': 'http://unused' }), 'value', registry)
  const encode = converter.encoder('t', SCHEMA)
  const bytes = Buffer.from(await ready(() => encode(VALUE)!))
  await ready(() => converter.decode('t', bytes))
  const alone = await avscType(registry)
  const written = alone.toBuffer(VALUE)
  return [
    row(
      'read',
      () => converter.decode('t', bytes),
      () => alone.fromBuffer(written) as Value,
      calls,
    ),
    row(
      'written',
      () => encode(VALUE),
      () => alone.toBuffer(VALUE),
      calls,
    ),
  ]
}

async function avscType(registry: SchemaRegistry): Promise<avsc.Type> {
  const { text } = await registry.latest('t-value')
  return avsc.Type.forSchema(JSON.parse(text) as avsc.Schema)
}

function row(name: string, ours: () => unknown, alone: () => unknown, calls: number): BenchCase {
  return {
    name: `Avro of 6 fields, ${name}`,
    unit: 'µs',
    ours: costPerCall(ours, calls),
    peer: [{ name: 'avsc alone', value: costPerCall(alone, calls) }],
    bar: 0.5,
  }
}
