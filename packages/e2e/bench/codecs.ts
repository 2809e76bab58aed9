/** Encoding and decoding, beside what Node itself needs for the JSON alone: the limit of what a converter can reach. */
import { jsonConverter, stringConverter } from '@sluice/codecs'
import { primitive, struct, type Value } from '@sluice/sdk'
import type { BenchCase } from './bench-case.ts'
import { avroCases } from './codecs/avro.ts'
import { costPerCall } from './codecs/cost-per-call.ts'
import { jsonSchemaCases } from './codecs/json-schema.ts'
import { protobufCases } from './codecs/protobuf.ts'
import { sixFieldCases } from './codecs/six-fields.ts'

/** The columns of the bird-strike data set, as one of its rows has them. */
const ROW = {
  'Airport Name': 'BARKSDALE AIR FORCE BASE ARPT',
  'Aircraft Make Model': 'T-38A',
  'Effect Amount of damage': 'None',
  'Flight Date': '1/8/90 0:00',
  'Aircraft Airline Operator': 'MILITARY',
  'Origin State': 'Louisiana',
  'Phase of flight': 'Climb',
  'Wildlife Size': 'Large',
  'Wildlife Species': 'Turkey vulture',
  'Time of day': 'Day',
  'Cost Other': 0,
  'Cost Repair': 0,
  'Cost Total $': 0,
  'Speed IAS in knots': 300,
}
const LINE = 'abcdefghij'.repeat(10)

/** Microseconds of CPU per value. */
export async function bench(short: boolean): Promise<BenchCase[]> {
  const calls = short ? 5_000 : 200_000
  const µs = (run: () => unknown): number => costPerCall(run, calls)
  const bare = jsonConverter.create({ 'schemas.enable': 'false' }, 'value')
  const enveloped = jsonConverter.create({}, 'value')
  const text = stringConverter.create({}, 'value')
  const schema = struct(
    Object.fromEntries(
      Object.entries(ROW).map(([name, value]) => [
        name,
        primitive(typeof value === 'number' ? 'int32' : 'string', { optional: true }),
      ]),
    ),
  )
  const string = primitive('string')

  const rowBytes = Buffer.from(JSON.stringify(ROW))
  const envelope = enveloped.encoder('t', schema)(ROW)!
  const lineBytes = Buffer.from(JSON.stringify(LINE))
  const writeRow = { name: 'JSON.stringify and Buffer.from', value: µs(() => Buffer.from(JSON.stringify(ROW))) }
  const readRow = { name: 'JSON.parse of its text', value: µs(() => JSON.parse(rowBytes.toString())) }
  const writeLine = { name: 'JSON.stringify and Buffer.from', value: µs(() => Buffer.from(JSON.stringify(LINE))) }
  const readLine = { name: 'JSON.parse of its text', value: µs(() => JSON.parse(lineBytes.toString())) }
  const readEnvelope = {
    name: 'JSON.parse of the whole envelope',
    value: µs(() => JSON.parse(Buffer.from(envelope.buffer, envelope.byteOffset, envelope.length).toString())),
  }

  const encode = (encoder: (value: Value) => unknown, value: Value): number => µs(() => encoder(value))
  return [
    ...sixFieldCases(short),
    ...(await avroCases(short)),
    ...(await jsonSchemaCases(short)),
    ...(await protobufCases(short)),
    row('JSON of a 100-byte string, written', encode(bare.encoder('t', string), LINE), writeLine, 1),
    row(
      'JSON of a 100-byte string, read',
      µs(() => bare.decode('t', lineBytes)),
      readLine,
    ),
    row('text of 100 bytes, written', encode(text.encoder('t', string), LINE), {
      name: 'Buffer.from',
      value: µs(() => Buffer.from(LINE)),
    }),
    row('JSON of a 14-column row, written by schema', encode(bare.encoder('t', schema), ROW), writeRow),
    row('JSON of a 14-column row, written without schema', encode(bare.encoder('t', null), ROW), writeRow),
    row('JSON of a 14-column row, written with its envelope', encode(enveloped.encoder('t', schema), ROW), writeRow),
    row(
      'JSON of a 14-column row, read without schema',
      µs(() => bare.decode('t', rowBytes)),
      readRow,
    ),
    row(
      'JSON of a 14-column row, read from its envelope',
      µs(() => enveloped.decode('t', envelope)),
      readEnvelope,
    ),
  ]
}

function row(name: string, ours: number, peer: { name: string; value: number }, bar?: number): BenchCase {
  return { name, unit: 'µs', ours, peer: [peer], ...(bar !== undefined && { bar }) }
}
