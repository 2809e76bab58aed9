/** A record of six fields in JSON behind the id of its JSON Schema, beside JSON and Ajv alone. */
import { jsonSchemaConverterWith, jsonSchemaSettings } from '@sluice/codecs'
import { memoryRegistry } from '@sluice/schema-registry/testing'
import type { RawSettings } from '@sluice/sdk'
import { Ajv } from 'ajv'
import type { BenchCase } from '../bench-case.ts'
import { costPerCall } from './cost-per-call.ts'
import { SCHEMA, VALUE, ready } from './registered-order.ts'

const PREFIX_BYTES = 5

/** Ours without and with validation; the peer validates, as others do. */
export async function jsonSchemaCases(short: boolean): Promise<BenchCase[]> {
  const calls = short ? 5_000 : 200_000
  const registry = await memoryRegistry()
  const open = async (raw: RawSettings): Promise<{ read: () => unknown; write: () => unknown; bytes: Buffer }> => {
    const settings = jsonSchemaSettings.parse({ 'schema.registry.url': 'http://unused', ...raw })
    const converter = jsonSchemaConverterWith(settings, 'value', registry)
    const encode = converter.encoder('t', SCHEMA)
    const bytes = Buffer.from(await ready(() => encode(VALUE)!))
    await ready(() => converter.decode('t', bytes))
    return { read: () => converter.decode('t', bytes), write: () => encode(VALUE), bytes }
  }
  const plain = await open({})
  const validating = await open({ 'json.fail.invalid.schema': 'true' })
  const { text } = await registry.latest('t-value')
  const validate = new Ajv({ strict: false }).compile(JSON.parse(text) as object)
  const { bytes } = plain
  const parsed = (): unknown => JSON.parse(bytes.toString('utf8', PREFIX_BYTES))
  const stringified = (): unknown => Buffer.from(JSON.stringify(VALUE))
  const readAlone = [
    { name: 'JSON.parse alone', value: costPerCall(parsed, calls) },
    { name: 'JSON.parse and Ajv', value: costPerCall(() => validate(parsed()), calls) },
  ]
  const writeAlone = [
    { name: 'JSON.stringify alone', value: costPerCall(stringified, calls) },
    { name: 'Ajv and JSON.stringify', value: costPerCall(() => validate(VALUE) && stringified(), calls) },
  ]
  const row = (name: string, ours: () => unknown, peer: BenchCase['peer'], bar: number): BenchCase => ({
    name: `JSON Schema of 6 fields, ${name}`,
    unit: 'µs',
    ours: costPerCall(ours, calls),
    peer,
    bar,
  })
  return [
    row('read', plain.read, readAlone, 1),
    row('read and validated', validating.read, readAlone, 1.2),
    row('written', plain.write, writeAlone, 0.7),
    row('written and validated', validating.write, writeAlone, 2),
  ]
}
