/** Kafka Connect's MaskField: fields keep their type and lose their value. */
import { DataError, decimalScale, defineSettings, LOGICAL, validatedBy } from '@sluice/sdk'
import type { Schema, StructSchema, StructValue, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { copyOf, fieldValue, put, requireMap, requireStruct, setField } from '../fields.ts'
import { javaClassOf } from '../java-class.ts'
import { decimalLong, longValue } from '../java-number.ts'
import { keyAndValue } from '../record-side.ts'
import { nonEmptyList, replaceNullWithDefault } from '../shared-settings.ts'
import { fillDefaults, perSchema, readField } from '../struct-plan.ts'

const settings = defineSettings({
  fields: { type: 'list', validator: nonEmptyList, importance: 'high', documentation: 'The fields to mask.' },
  replacement: {
    type: 'string',
    default: null,
    validator: validatedBy('non-empty string', (value) => (value === '' ? 'String must be non-empty' : undefined)),
    importance: 'low',
    documentation:
      'What to put in place of numbers and texts. Default: the null value of the type, such as 0 or an empty text.',
  },
  'replace.null.with.default': replaceNullWithDefault,
})

const PURPOSE = 'mask fields'

export const maskField: readonly TransformPlugin[] = keyAndValue(
  { name: 'mask-field', className: 'MaskField', documentation: 'Fields keep their type and lose their value.' },
  settings,
  (side, raw) => {
    const { fields: names, replacement, 'replace.null.with.default': replaceNull } = settings.parse(raw)
    const planOf = perSchema((schema: StructSchema) => ({
      fill: fillDefaults(schema, replaceNull),
      masked: schema.fields.filter((field) => names.includes(field.name)),
    }))
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const value = side.value(record)
      if (schema === null) {
        const fields = requireMap(value, PURPOSE)
        const copy = copyOf(fields)
        for (const name of names) put(copy, name, masked(null, fieldValue(fields, name), replacement))
        return side.replace(record, null, copy)
      }
      const [structSchema, struct] = requireStruct(schema, value, PURPOSE)
      const plan = planOf(structSchema)
      const filled: StructValue = plan.fill(struct)
      if (plan.masked.length === 0) return side.replace(record, schema, filled)
      const copy: Record<string, Value> = { ...filled }
      for (const field of plan.masked)
        setField(copy, field.name, masked(field.schema, readField(struct, field, replaceNull), replacement))
      return side.replace(record, schema, copy)
    }
    return transform
  },
)

function masked(schema: Schema | null, value: Value, replacement: string | null): Value {
  if (value === null) return null
  return replacement === null ? nullValue(schema, value) : replaced(schema, value, replacement)
}

function isDecimal(schema: Schema | null): schema is Schema {
  return schema !== null && schema.name === LOGICAL.decimal && schema.type === 'bytes'
}

function isInstant(schema: Schema | null): boolean {
  return schema?.name === LOGICAL.date || schema?.name === LOGICAL.time || schema?.name === LOGICAL.timestamp
}

/** The null value of a value's type: 0, false, empty. */
function nullValue(schema: Schema | null, value: Value): Value {
  if (isDecimal(schema)) return plainDecimal('0', schema)
  if (typeof value === 'number' || typeof value === 'bigint') return 0
  if (typeof value === 'string') return ''
  if (typeof value === 'boolean') return false
  if (Array.isArray(value)) return []
  if (value instanceof Map) return new Map()
  if (schema === null && !(value instanceof Uint8Array)) return {}
  throw new DataError(`Cannot mask value of type: class ${javaClassOf(schema, value)}`)
}

function replaced(schema: Schema | null, value: Value, replacement: string): Value {
  if (isDecimal(schema)) return plainDecimal(replacement, schema)
  if (typeof value === 'string') return replacement
  if ((typeof value !== 'number' && typeof value !== 'bigint') || isInstant(schema))
    throw new DataError(`Cannot mask value of type class ${javaClassOf(schema, value)} with custom replacement.`)
  const number = parsed(schema, value, replacement)
  if (number === undefined) throw unusable(replacement, 'a number')
  return number
}

function parsed(schema: Schema | null, value: number | bigint, replacement: string): number | bigint | undefined {
  // What is whole is taken for a long where no schema tells.
  const type = schema?.type ?? (typeof value === 'bigint' || Number.isSafeInteger(value) ? 'int64' : 'float64')
  const bits = INTEGER_BITS.get(type)
  const integer = decimalLong(replacement)
  if (integer === undefined) return undefined
  if (bits !== undefined) return longValue(BigInt.asIntN(bits, integer))
  return type === 'float32' ? Math.fround(Number(replacement)) : Number(replacement)
}

const INTEGER_BITS: ReadonlyMap<string, 8 | 16 | 32 | 64> = new Map([
  ['int8', 8],
  ['int16', 16],
  ['int32', 32],
  ['int64', 64],
])

/** A replacement as text with the schema's scale. */
function plainDecimal(replacement: string, schema: Schema): string {
  const scale = decimalScale(schema)
  if (scale <= 0 && /^-?\d+$/.test(replacement) && BigInt(replacement) % 10n ** BigInt(-scale) === 0n)
    return replacement
  const [, whole = '', fraction = ''] = /^(-?\d+)(?:\.(\d+))?$/.exec(replacement) ?? []
  if (whole === '' || scale <= 0 || fraction.length > scale) throw unusable(replacement, 'number')
  return `${whole}.${fraction.padEnd(scale, '0')}`
}

function unusable(replacement: string, what: 'number' | 'a number'): DataError {
  return new DataError(`Unable to convert ${replacement} (class java.lang.String) to ${what}`, {
    remedy: 'Set replacement to a number that fits the masked fields.',
  })
}
