/** Kafka Connect's TimestampConverter: a field, or the whole key or value, as text, Unix time, Date, Time or Timestamp. */
import { DataError, date, defineSettings, LOGICAL, oneOf, primitive, SluiceError, time, timestamp } from '@sluice/sdk'
import type { Schema, StructSchema, StructValue, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { dateFormat } from '../date-format/format-date.ts'
import { dateParser } from '../date-format/parse-date.ts'
import { assertHasFields, copyOf, fieldValue, put, requireMap, requireStruct, setField } from '../fields.ts'
import { javaClass, javaClassOf } from '../java-class.ts'
import { longValue } from '../java-number.ts'
import { keyAndValue } from '../record-side.ts'
import { replaceNullWithDefault } from '../shared-settings.ts'
import { fillDefaults, perSchema, readField, sameOr, structLike } from '../struct-plan.ts'

const settings = defineSettings({
  field: {
    type: 'string',
    default: '',
    importance: 'high',
    documentation: 'The field to convert. Empty: the whole key or value.',
  },
  'target.type': {
    type: 'string',
    validator: oneOf('string', 'unix', 'Date', 'Time', 'Timestamp'),
    importance: 'high',
    documentation: 'What it becomes. Without a schema Date, Time and Timestamp are milliseconds.',
  },
  format: {
    type: 'string',
    default: '',
    importance: 'medium',
    documentation: "How texts are written and read: a pattern of Java's SimpleDateFormat, in UTC.",
  },
  'unix.precision': {
    type: 'string',
    default: 'milliseconds',
    validator: oneOf('nanoseconds', 'microseconds', 'milliseconds', 'seconds'),
    importance: 'low',
    documentation: 'The unit of Unix time, read and written.',
  },
  'replace.null.with.default': replaceNullWithDefault,
})

const PURPOSE = 'converting timestamp formats'
const DAY_MS = 86_400_000

type Target = 'string' | 'unix' | 'Date' | 'Time' | 'Timestamp'

/** Milliseconds since the epoch from a value; values to it. */
interface Codec {
  read(this: void, value: Value): number
  write(this: void, milliseconds: number): Value
}

export const timestampConverter: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'timestamp-converter',
    className: 'TimestampConverter',
    documentation: 'A field, or the whole key or value, as text, Unix time, Date, Time or Timestamp.',
  },
  settings,
  (side, raw) => {
    const parsed = settings.parse(raw)
    const { field: name, 'target.type': target } = parsed
    const codecs = makeCodecs(parsed.format, parsed['unix.precision'], target)
    const convert = (source: Target, value: Value, hasSchema: boolean): Value =>
      value === null ? null : codecs(target, hasSchema).write(codecs(source, hasSchema).read(value))
    const schemaless = (value: Value): Value => (value === null ? null : convert(inferred(value), value, false))
    const planOf = perSchema((schema: StructSchema) =>
      plan(schema, name, target, parsed['replace.null.with.default'], convert),
    )
    const wholePlanOf = perSchema((schema: Schema) => ({
      source: typeOf(schema),
      schema: sameOr(schema, targetSchema(target, schema.optional)),
    }))
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const value = side.value(record)
      if (schema === null) {
        if (value === null || name === '') return side.replace(record, null, schemaless(value))
        const fields = requireMap(value, PURPOSE)
        const was = fieldValue(fields, name)
        const converted = schemaless(was)
        if (converted === was && (was !== null || hasField(fields, name))) return record
        const copy = copyOf(fields)
        put(copy, name, converted)
        return side.replace(record, null, copy)
      }
      if (name === '') {
        const whole = wholePlanOf(schema)
        return side.replace(record, whole.schema, convert(whole.source, value, true))
      }
      if (value === null) {
        assertHasFields(schema)
        return side.replace(record, planOf(schema).schema, null)
      }
      const [structSchema, struct] = requireStruct(schema, value, PURPOSE)
      const found = planOf(structSchema)
      return side.replace(record, found.schema, found.move(struct))
    }
    return transform
  },
)

function hasField(fields: ReturnType<typeof requireMap>, name: string): boolean {
  return fields instanceof Map ? fields.has(name) : Object.hasOwn(fields, name)
}

function plan(
  schema: StructSchema,
  name: string,
  target: Target,
  replaceNull: boolean,
  convert: (source: Target, value: Value, hasSchema: boolean) => Value,
): { schema: Schema; move: (struct: StructValue) => Value } {
  const fill = fillDefaults(schema, replaceNull)
  const field = schema.fields.find((each) => each.name === name)
  if (field === undefined) return { schema, move: fill }
  let source: Target | undefined
  const derived = structLike(
    schema,
    schema.fields.map((each) => [
      each.name,
      each === field ? targetSchema(target, field.schema.optional) : each.schema,
    ]),
  )
  return {
    schema: sameOr(schema, schema.optional ? Object.freeze({ ...derived, optional: true }) : derived),
    move(struct) {
      const was = readField(struct, field, replaceNull)
      const converted = convert((source ??= typeOf(field.schema)), was, true)
      const filled = fill(struct)
      if (converted === was) return filled
      const copy: Record<string, Value> = { ...filled }
      setField(copy, name, converted)
      return copy
    },
  }
}

function targetSchema(target: Target, optional: boolean): Schema {
  switch (target) {
    case 'string':
      return primitive('string', { optional })
    case 'unix':
      return primitive('int64', { optional })
    case 'Date':
      return date({ optional })
    case 'Time':
      return time({ optional })
    case 'Timestamp':
      break
  }
  return timestamp({ optional })
}

/** What a schema holds. @throws DataError when that is no point in time */
function typeOf(schema: Schema): Target {
  if (schema.name === LOGICAL.timestamp) return 'Timestamp'
  if (schema.name === LOGICAL.date) return 'Date'
  if (schema.name === LOGICAL.time) return 'Time'
  if (schema.type === 'string') return 'string'
  if (schema.type === 'int64') return 'unix'
  const shown = (schema.name === undefined ? '' : `${schema.name}:`) + schema.type.toUpperCase()
  throw new DataError(`Schema Schema{${shown}} does not correspond to a known timestamp type format`)
}

/** What a value without a schema is: a number is Unix time. */
function inferred(value: Value): Target {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'bigint' || Number.isInteger(value)) return 'unix'
  throw new DataError(`TimestampConverter does not support class ${javaClass(value)} objects as timestamps`)
}

function makeCodecs(
  format: string,
  precision: keyof typeof UNITS,
  target: Target,
): (of: Target, hasSchema: boolean) => Codec {
  if (target === 'string' && format === '')
    throw new SluiceError(
      'SETTINGS_INVALID',
      'TimestampConverter requires format option to be specified when using string timestamps',
      { remedy: 'Set format to a pattern such as yyyy-MM-dd HH:mm:ss.' },
    )
  const text = format === '' ? withoutFormat : textCodec(format)
  const unix = unixCodec(UNITS[precision])
  const plain: Readonly<Record<Target, Codec>> = {
    string: text,
    unix,
    Date: DAYS,
    Time: TIME_OF_DAY,
    Timestamp: INSTANT,
  }
  // Without a schema nothing tells days from milliseconds.
  const schemaless = { ...plain, Date: MIDNIGHT }
  return (of, hasSchema) => (hasSchema ? plain : schemaless)[of]
}

function textCodec(format: string): Codec {
  const { write, parse } = compiled(format)
  return {
    write,
    read(value) {
      if (typeof value !== 'string')
        throw new DataError(`Expected string timestamp to be a String, but found class ${javaClass(value)}`)
      const milliseconds = parse(value)
      if (milliseconds === undefined)
        throw new DataError(`Could not parse timestamp: value (${value}) does not match pattern (${format})`)
      return milliseconds
    },
  }
}

function compiled(format: string): {
  write: (milliseconds: number) => string
  parse: (text: string) => number | undefined
} {
  try {
    return { write: dateFormat(format), parse: dateParser(format) }
  } catch (cause) {
    throw new SluiceError(
      'SETTINGS_INVALID',
      `Invalid value java.lang.IllegalArgumentException: ${(cause as Error).message} for configuration ` +
        `TimestampConverter requires a SimpleDateFormat-compatible pattern for string timestamps: ${format}`,
      { cause, remedy: "Use the letters of Java's SimpleDateFormat, and put text between single quotes." },
    )
  }
}

const withoutFormat: Codec = {
  read() {
    throw new DataError('A text cannot be read as a timestamp without a format', {
      remedy: 'Set format to the pattern of the texts, such as yyyy-MM-dd HH:mm:ss.',
    })
  },
  write: String,
}

/** How many of a unit make a millisecond, or how many milliseconds the unit. */
const UNITS = {
  nanoseconds: { per: 1_000_000n, of: 1n },
  microseconds: { per: 1000n, of: 1n },
  milliseconds: { per: 1n, of: 1n },
  seconds: { per: 1n, of: 1000n },
} as const

function unixCodec({ per, of }: { readonly per: bigint; readonly of: bigint }): Codec {
  return {
    read(value) {
      if (typeof value !== 'bigint' && !Number.isSafeInteger(value))
        throw new DataError(`Expected Unix timestamp to be a Long, but found class ${javaClassOf(null, value)}`)
      if (per === 1n && of === 1n) return Number(value)
      return Number((BigInt(value as number | bigint) * of) / per)
    },
    write: (milliseconds) =>
      per === 1n && of === 1n ? milliseconds : longValue(BigInt.asIntN(64, (BigInt(milliseconds) * per) / of)),
  }
}

const INSTANT: Codec = { read: Number, write: (milliseconds) => milliseconds }
const DAYS: Codec = {
  read: (days) => Number(days) * DAY_MS,
  write: (milliseconds) => Math.floor(milliseconds / DAY_MS),
}
const MIDNIGHT: Codec = { read: Number, write: (milliseconds) => Math.floor(milliseconds / DAY_MS) * DAY_MS }
const TIME_OF_DAY: Codec = {
  read: Number,
  write: (milliseconds) => milliseconds - Math.floor(milliseconds / DAY_MS) * DAY_MS,
}
