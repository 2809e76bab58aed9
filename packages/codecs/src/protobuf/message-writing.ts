/** Structs of Connect, written as messages of a Protobuf schema: one function for both, put together once. */
import type { ProtobufField, ProtobufMessage } from '@sluice/schema-registry'
import { DataError } from '@sluice/sdk'
import type { ArraySchema, Field, MapSchema, Schema, StructSchema, Value } from '@sluice/sdk'
import { logicalType } from '../logical-type.ts'
import { under } from '../value-path.ts'
import { logicalWriter } from './logical-messages.ts'
import { wireOf } from './message-reading.ts'
import { WIRE } from './proto-input.ts'
import type { ProtoOutput } from './proto-output.ts'
import { branchesOf, isUnionStruct, logicalMessage, wrappedField } from './proto-shapes.ts'
import { DATE, DECIMAL, KEY, TIME, TIMESTAMP, VALUE, scrubbed } from './protobuf-names.ts'
import type { ProtobufMapping } from './protobuf-settings.ts'
import { invalid, nullForRequired, structOf } from '../value-checks.ts'
import { type WriteProto, enumWriter, isDefault, scalarWriter } from './scalar-writing.ts'

const LOGICAL_OF = { decimal: DECIMAL, date: DATE, time: TIME, timestamp: TIMESTAMP } as const

/** One field of the struct on its way into the message: it writes its tag, too, or nothing at all. */
interface Step {
  /** The number of the first field that it writes: messages are written in the order of their numbers. */
  readonly number: number
  readonly name: string
  readonly isInherited: boolean
  readonly isRequired: boolean
  readonly fallback: Value
  readonly write: WriteProto
}

/** @throws DataError when no value of the one schema can be written as the other */
export function compileWriteMessage(message: ProtobufMessage, schema: Schema, mapping: ProtobufMapping): WriteProto {
  const compiler = new WritingCompiler(mapping)
  if (schema.type === 'struct') return compiler.struct(message, schema)
  const wrapped = wrappedField(message)
  if (wrapped === undefined) throw unwritable(schema, `message ${message.fullName}`)
  return compiler.field(wrapped, schema)
}

class WritingCompiler {
  readonly #mapping: ProtobufMapping

  constructor(mapping: ProtobufMapping) {
    this.#mapping = mapping
  }

  struct(message: ProtobufMessage, schema: StructSchema): WriteProto {
    const steps = schema.fields.map((field) => this.#step(message, field)).toSorted((a, b) => a.number - b.number)
    const written = new Set(
      schema.fields.flatMap((field) => [field, ...branchesOf(field.schema)]).map(({ name }) => this.#scrub(name)),
    )
    const lacking = message.fields.find((field) => field.isRequired && !written.has(field.name))
    if (lacking !== undefined)
      throw new DataError(`The required field ${message.fullName}.${lacking.name} is not in the records`, {
        code: 'SCHEMA_PROJECTION',
      })
    return (out, value) => {
      const given = structOf(value, schema)
      for (let i = 0; i < steps.length; i++) {
        const { name, isInherited, isRequired, fallback, write } = steps[i]!
        try {
          const item = (isInherited && !Object.hasOwn(given, name) ? null : given[name]) ?? fallback
          if (item !== null) write(out, item)
          else if (isRequired) throw nullForRequired()
        } catch (error) {
          throw under(`.${name}`, error)
        }
      }
    }
  }

  #step(message: ProtobufMessage, { name, schema }: Field): Step {
    const { default: stated = null, optional } = schema
    const fallback = optional && this.#mapping['ignore.default.for.nullables'] ? null : stated
    const base = { name, isInherited: name in Object.prototype, fallback }
    try {
      if (isUnionStruct(schema)) {
        const branches = branchesOf(schema).map((branch) => ({
          name: branch.name,
          field: this.#fieldOf(message, branch.name),
          schema: branch.schema,
        }))
        const number = Math.min(...branches.map(({ field }) => field.number))
        const writes = branches.map((branch) => ({ name: branch.name, write: this.field(branch.field, branch.schema) }))
        return { ...base, number, isRequired: !optional, write: unionWriter(writes, schema) }
      }
      const field = this.#fieldOf(message, name)
      return {
        ...base,
        number: field.number,
        isRequired: !optional || field.isRequired,
        write: this.field(field, schema),
      }
    } catch (error) {
      throw under(`.${name}`, error)
    }
  }

  #fieldOf(message: ProtobufMessage, name: string): ProtobufField {
    const wanted = this.#scrub(name)
    const field = message.fields.find((other) => other.name === wanted)
    if (field !== undefined) return field
    throw new DataError(`The Protobuf message ${message.fullName} has no field ${wanted}`, {
      code: 'SCHEMA_PROJECTION',
      remedy: 'Register a schema that has all fields of the records, or set auto.register.schemas=true.',
    })
  }

  #scrub(name: string): string {
    return this.#mapping['scrub.invalid.names'] ? scrubbed(name) : name
  }

  /** Writes a value that is not null with its tag. */
  field(field: ProtobufField, schema: Schema): WriteProto {
    const tag = field.number * 8 + wireOf(field.kind)
    if (field.isRepeated) {
      if (schema.type === 'map') return this.#map(field, schema, tag)
      if (schema.type === 'array') return this.#array(field, schema, tag)
      throw unwritable(schema, 'repeated field')
    }
    const write = this.present(field, schema)
    const tagged = taggedWriter(field, tag, write)
    if (field.hasPresence) return tagged
    if (field.kind === 'enum') {
      const zeros = new Set<Value>([
        0,
        ...field.enum.values.flatMap(({ name, number }) => (number === 0 ? [name] : [])),
      ])
      return (out, value) => {
        if (!zeros.has(value) || typeof value !== (schema.type === 'string' ? 'string' : 'number')) tagged(out, value)
      }
    }
    return (out, value) => {
      if (!isDefault(value)) tagged(out, value)
      // A wrong value that looks like a default is wrong all the same.
      else if (!isDefaultOf(schema, value)) throw invalid(schema, value)
    }
  }

  /** Writes a value that is not null, without its tag. */
  present(field: ProtobufField, schema: Schema): WriteProto {
    const write = this.#presentOr(field, schema)
    if (write !== undefined) return write
    throw unwritable(schema, field.kind === 'message' ? `message ${field.message.fullName}` : field.kind)
  }

  #presentOr(field: ProtobufField, schema: Schema): WriteProto | undefined {
    if (field.kind === 'enum') return enumWriter(field.enum, schema)
    if (field.kind !== 'message' && field.kind !== 'group') return scalarWriter(field.kind, schema)
    const { message } = field
    const logical = logicalType(schema)
    if (logical !== undefined && logicalMessage(message) === LOGICAL_OF[logical])
      return logicalWriter(LOGICAL_OF[logical], schema)
    if (schema.type === 'struct') return isUnionStruct(schema) ? undefined : this.struct(message, schema)
    const wrapped = wrappedField(message)
    return wrapped === undefined ? undefined : this.field(wrapped, schema)
  }

  #array(field: ProtobufField, schema: ArraySchema, tag: number): WriteProto {
    const write = this.present(field, schema.items)
    const isPacked = field.isPacked
    const item = isPacked ? write : taggedWriter(field, tag, write)
    return (out, value) => {
      if (!Array.isArray(value)) throw invalid(schema, value)
      const items = value as readonly Value[]
      if (items.length === 0) return
      let mark = 0
      if (isPacked) {
        out.uint(field.number * 8 + WIRE.bytes)
        mark = out.open()
      }
      for (let i = 0; i < items.length; i++)
        try {
          const one = items[i]
          if (one === null || one === undefined) throw nullInList()
          item(out, one)
        } catch (error) {
          throw under(`[${i}]`, error)
        }
      if (isPacked) out.close(mark)
    }
  }

  #map(field: ProtobufField, schema: MapSchema, tag: number): WriteProto {
    if (field.kind !== 'message') throw unwritable(schema, field.kind)
    const [key, value] = [KEY, VALUE].map((name) => field.message.fields.find((other) => other.name === name))
    if (key === undefined || value === undefined) throw unwritable(schema, `message ${field.message.fullName}`)
    // Of the entries of a declared map some readers expect both, defaults or not.
    const hasPresence = field.message.isMapEntry
    const writeKey = this.field(hasPresence ? { ...key, hasPresence } : key, schema.keys)
    const writeValue = this.field(hasPresence ? { ...value, hasPresence } : value, schema.values)
    const isValueRequired = !schema.values.optional
    return (out, given) => {
      if (!(given instanceof Map)) throw invalid(schema, given)
      for (const [name, item] of given as ReadonlyMap<Value, Value>)
        try {
          out.uint(tag)
          const mark = out.open()
          if (name === null || name === undefined) throw new DataError('A key of a Protobuf map is null')
          writeKey(out, name)
          if (item !== null && item !== undefined) writeValue(out, item)
          else if (isValueRequired) throw nullForRequired()
          out.close(mark)
        } catch (error) {
          throw under(`[${typeof name === 'object' ? '…' : name}]`, error)
        }
    }
  }
}

function taggedWriter({ kind, number }: ProtobufField, tag: number, write: WriteProto): WriteProto {
  if (kind === 'message')
    return (out, value) => {
      out.uint(tag)
      const mark = out.open()
      write(out, value)
      out.close(mark)
    }
  if (kind === 'group')
    return (out, value) => {
      out.uint(tag)
      write(out, value)
      out.uint(number * 8 + WIRE.groupEnd)
    }
  return (out: ProtoOutput, value) => {
    out.uint(tag)
    write(out, value)
  }
}

/** A struct that stands for a oneof has a value in one of its fields. */
function unionWriter(
  branches: readonly { readonly name: string; readonly write: WriteProto }[],
  schema: Schema,
): WriteProto {
  return (out, value) => {
    const given = structOf(value, schema)
    for (const { name, write } of branches) {
      const item = Object.hasOwn(given, name) ? given[name] : null
      if (item === null || item === undefined) continue
      try {
        write(out, item)
      } catch (error) {
        throw under(`.${name}`, error)
      }
      return
    }
    throw new DataError(
      'Cannot find non-null field: a struct that stands for a union has no value in any of its fields',
    )
  }
}

const DEFAULTS: Readonly<Record<string, string>> = { boolean: 'boolean', string: 'string', bytes: 'object' }

function isDefaultOf(schema: Schema, value: Value): boolean {
  const expected = DEFAULTS[schema.type] ?? 'number'
  return typeof value === expected || (typeof value === 'bigint' && schema.type === 'int64')
}

function unwritable(schema: Schema, what: string): DataError {
  return new DataError(
    `A value of ${schema.name ?? schema.type.toUpperCase()} cannot be written as a Protobuf ${what}`,
    {
      code: 'SCHEMA_PROJECTION',
      remedy: 'Register a schema that fits the records, or set auto.register.schemas=true.',
    },
  )
}

function nullInList(): DataError {
  return new DataError('A list of Protobuf holds no null', { remedy: 'Leave it out, or put the items into structs.' })
}
