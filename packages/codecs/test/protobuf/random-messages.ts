/** .proto files and messages made at random, and what protobufjs reads of them as the converter has it. */
import protobuf from 'protobufjs'
import type { Value } from '@sluice/sdk'
import type { SeededRandom } from '@sluice/sdk/testing'
import { text } from './support.ts'

const wrapper = (name: string, type: string): string => `message ${name}Value { ${type} value = 1; }`

/** As Google and Confluent define them. */
export const WELL_KNOWN: readonly string[] = [
  `syntax = "proto3"; package google.protobuf; message Timestamp { int64 seconds = 1; int32 nanos = 2; }
   ${wrapper('Double', 'double')} ${wrapper('Float', 'float')} ${wrapper('Int64', 'int64')} ${wrapper('Int32', 'int32')}
   ${wrapper('Bool', 'bool')} ${wrapper('String', 'string')} ${wrapper('Bytes', 'bytes')}`,
  `syntax = "proto3"; package google.type; message Date { int32 year = 1; int32 month = 2; int32 day = 3; }
   message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; }`,
  'syntax = "proto3"; package confluent.type; message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }',
]

const SCALARS =
  'double float int32 int64 uint32 uint64 sint32 sint64 fixed32 fixed64 sfixed32 sfixed64 bool string bytes'.split(' ')
const MAP_KEYS = ['string', 'int32', 'int64', 'uint32', 'uint64', 'sint32', 'sint64', 'fixed32', 'sfixed64', 'bool']

/** Three messages, of which each one may have those behind it among its fields, and an enum. */
export function randomFile(random: SeededRandom): string {
  const isOld = random.chance(0.4)
  const messages = [0, 1, 2].map((n) => messageText(random, n, isOld))
  const enumText = 'enum E { E_ZERO = 0; E_ONE = 1; E_BIG = 2147483647; E_LESS = -1; }'
  return `syntax = "proto${isOld ? 2 : 3}"; package of.peer; ${messages.join('\n')} ${enumText}`
}

function messageText(random: SeededRandom, n: number, isOld: boolean): string {
  let number = 0
  const next = (): number => (number += random.pick([1, 1, 1, 7, 300]))
  const type = (): string => {
    const kind = random.below(20)
    if (kind < 15) return random.pick(SCALARS)
    return kind < 17 ? 'E' : n < 2 ? `M${n + 1 + random.below(2 - n)}` : 'E'
  }
  const fields = Array.from({ length: 1 + random.below(8) }, (_, i): string => {
    const kind = random.below(10)
    const own = type()
    const isNumeric = !/^(string|bytes|M\d)$/.test(own)
    if (kind < 4) return `${isOld ? random.pick(['optional', 'required']) : ''} ${own} f${i} = ${next()};`
    if (kind < 5) return `optional ${own} f${i} = ${next()};`
    if (kind < 7) {
      const packed = isNumeric && random.chance(0.5) ? ` [packed = ${random.chance(0.5)}]` : ''
      return `repeated ${own} f${i} = ${next()}${packed};`
    }
    if (kind < 8) return `map<${random.pick(MAP_KEYS)}, ${own}> f${i} = ${next()};`
    if (kind < 9 || !isOld)
      return `oneof o${i} { ${own} f${i}_a = ${next()}; ${type()} f${i}_b = ${next()}; ${type()} f${i}_c = ${next()}; }`
    const label = random.pick(['optional', 'required', 'repeated'])
    return `${label} group G${i} = ${next()} { optional ${type()} inner = ${next()}; repeated sint32 more = ${next()}; }`
  })
  return `message M${n} { ${fields.join(' ')} }`
}

export function randomMessage(type: protobuf.Type, random: SeededRandom): protobuf.Message {
  const fields = type.fieldsArray.flatMap((field): [string, unknown][] => {
    const { partOf } = field
    if (partOf !== null && partOf.fieldsArray.length > 1) return []
    const isLeft = !field.required && random.chance(0.3)
    return isLeft ? [] : [[field.name, randomField(field, random)]]
  })
  for (const oneof of type.oneofsArray) {
    if (oneof.fieldsArray.length === 1 || random.chance(0.3)) continue
    const branch = random.pick(oneof.fieldsArray)
    fields.push([branch.name, randomField(branch, random)])
  }
  return type.fromObject(Object.fromEntries(fields))
}

function randomField(field: protobuf.Field, random: SeededRandom): unknown {
  if (field instanceof protobuf.MapField) {
    const keys =
      field.keyType === 'bool'
        ? ['true', 'false']
        : field.keyType === 'string'
          ? ['', 'ä', 'k']
          : ['0', '1', '2000000000']
    return Object.fromEntries(keys.slice(random.below(4)).map((key) => [key, randomItem(field, random)]))
  }
  if (!field.repeated) return randomItem(field, random)
  return Array.from(
    { length: random.pick(field.resolvedType instanceof protobuf.Type ? [0, 1, 2] : [0, 1, 2, 20]) },
    () => randomItem(field, random),
  )
}

function randomItem(field: protobuf.Field, random: SeededRandom): unknown {
  const { resolvedType, type } = field
  if (resolvedType instanceof protobuf.Type) return randomMessage(resolvedType, random)
  if (resolvedType instanceof protobuf.Enum) return random.pick([0, 1, 2_147_483_647, -1])
  switch (type) {
    case 'string':
      return text(random)
    case 'bytes':
      return Buffer.from(text(random))
    case 'bool':
      return random.chance(0.5)
    case 'double':
      return random.pick([0, -0, 5e-324, -1.5, Infinity, NaN, random.next()])
    case 'float':
      return random.pick([0, -0, 0.5, -Infinity, Math.fround(random.next())])
    default:
      break
  }
  const isUnsigned = type.startsWith('u') || type.startsWith('fixed')
  const bits = BigInt(type.slice(-2))
  const most = isUnsigned ? 2n ** bits - 1n : 2n ** (bits - 1n) - 1n
  const least = isUnsigned ? 0n : -(2n ** (bits - 1n))
  return String(random.pick([0n, 1n, 127n, 128n, most, least, most / 3n, most - 1n, least / 5n]))
}

/** By what is known of the mapping, not by the code that is tried: see the table of the README. */
export function valueOf(type: protobuf.Type, message: protobuf.Message): Value {
  const given = message as unknown as Readonly<Record<string, unknown>>
  const isThere = (field: protobuf.Field): boolean => Object.hasOwn(given, field.name) && given[field.name] !== null
  const value: Record<string, Value> = {}
  let index = 0
  for (const oneof of type.oneofsArray) {
    const [only] = oneof.fieldsArray
    if (only?.options?.['proto3_optional'] === true) continue
    const set = oneof.fieldsArray.find(isThere)
    value[`${oneof.name}_${index++}`] = set === undefined ? null : { [set.name]: itemOf(set, given[set.name]) }
  }
  for (const field of type.fieldsArray) {
    const isReal = field.partOf !== null && field.options?.['proto3_optional'] !== true
    if (isReal) continue
    const item = given[field.name]
    if (field instanceof protobuf.MapField) {
      const entries = Object.entries((item ?? {}) as Readonly<Record<string, unknown>>)
      value[field.name] = new Map(entries.map(([key, one]) => [keyOf(field, key), itemOf(field, one)]))
    } else if (field.repeated) {
      value[field.name] = ((item ?? []) as readonly unknown[]).map((one) => itemOf(field, one))
    } else if (isThere(field)) value[field.name] = itemOf(field, item)
    else {
      const isNull = field.hasPresence || field.resolvedType instanceof protobuf.Type
      value[field.name] = isNull ? null : itemOf(field, field.typeDefault)
    }
  }
  return value
}

/** protobufjs keeps the keys of maps as texts, those of 64 bits as eight characters. */
function keyOf(field: protobuf.MapField, key: string): Value {
  if (field.keyType === 'string') return key
  if (field.keyType === 'bool') return key === 'true'
  return key.length === 8 && field.keyType.endsWith('64') ? Number(protobuf.util.longFromHash(key, false)) : Number(key)
}

function itemOf(field: protobuf.Field, item: unknown): Value {
  const { resolvedType, type } = field
  if (resolvedType instanceof protobuf.Type) return valueOf(resolvedType, item as protobuf.Message)
  if (resolvedType instanceof protobuf.Enum) return resolvedType.valuesById[item as number]!
  if (type === 'bytes') return Buffer.from(item as Uint8Array)
  if (!type.endsWith('64')) return item as Value
  // Java has no unsigned 64 bits.
  const big = BigInt.asIntN(64, BigInt(String(item)))
  return Number.isSafeInteger(Number(big)) ? Number(big) : big
}
