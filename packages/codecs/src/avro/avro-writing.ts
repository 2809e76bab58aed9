/** Values of a Connect schema, written as those of an Avro schema: one function for both, put together once. */
import type { AvroRecord, AvroSchema, AvroUnion } from '@sluice/schema-registry'
import { DataError } from '@sluice/sdk'
import type { ArraySchema, MapSchema, Schema, StructSchema, Value } from '@sluice/sdk'
import { javaClass } from '../java-class.ts'
import { under } from '../value-path.ts'
import { defaultFromJson } from './avro-defaults.ts'
import type { AvroMapping } from './avro-settings.ts'
import { scrubbed } from './avro-names.ts'
import { invalid, nullForRequired, structOf } from '../value-checks.ts'
import { type WriteAvro, scalarWriter } from './scalar-writing.ts'
import { schemaFromAvro, unionFieldName } from './schema-from-avro.ts'
import { isUnionStruct } from './schema-to-avro.ts'

/** @throws DataError when no value of the one schema can be written as the other */
export function compileWrite(avro: AvroSchema, schema: Schema, mapping: AvroMapping): WriteAvro {
  if (avro.type === 'union') return compileUnion(avro, schema, mapping)
  const write = compilePresent(avro, schema, mapping)
  return (out, value) => {
    if (value === null || value === undefined) throw nullForRequired()
    write(out, value)
  }
}

function compilePresent(avro: AvroSchema, schema: Schema, mapping: AvroMapping): WriteAvro {
  if ((avro.type === 'record' || avro.type === 'error') && schema.type === 'struct' && !isUnionStruct(schema))
    return compileRecord(avro, schema, mapping)
  if (avro.type === 'map' && schema.type === 'map')
    return compileMap(compileWrite(avro.values, schema.values, mapping), schema)
  if (avro.type === 'array' && schema.type === 'array')
    return compileArray(compileWrite(avro.items, schema.items, mapping), schema)
  if (avro.type === 'array' && schema.type === 'map' && avro.items.type === 'record')
    return compileEntries(avro.items, schema, mapping)
  const write = scalarWriter(avro, schema)
  if (write !== undefined) return write
  throw new DataError(
    `A value of ${schema.name ?? schema.type.toUpperCase()} cannot be written as an Avro ${avro.type}`,
    {
      code: 'SCHEMA_PROJECTION',
      remedy: 'Register a schema that fits the records, or set auto.register.schemas=true.',
    },
  )
}

function compileUnion(union: AvroUnion, schema: Schema, mapping: AvroMapping): WriteAvro {
  const nullIndex = union.branches.findIndex(({ type }) => type === 'null')
  const write =
    schema.type === 'struct' && isUnionStruct(schema)
      ? branchesOf(union, schema, mapping)
      : firstFitting(union, schema, mapping)
  if (nullIndex < 0)
    return (out, value) => {
      if (value === null || value === undefined) throw nullForRequired()
      write(out, value)
    }
  const nullByte = nullIndex * 2
  return (out, value) => {
    if (value === null || value === undefined) out.byte(nullByte)
    else write(out, value)
  }
}

function firstFitting(union: AvroUnion, schema: Schema, mapping: AvroMapping): WriteAvro {
  let failure: unknown
  for (const [index, branch] of union.branches.entries()) {
    if (branch.type === 'null') continue
    try {
      const write = compilePresent(branch, schema, mapping)
      return (out, value) => {
        out.int(index)
        write(out, value)
      }
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      failure ??= error
    }
  }
  throw failure ?? new DataError('The Avro union has no branch for values')
}

/** A struct that stands for a union has a value in one of its fields. */
function branchesOf(union: AvroUnion, schema: StructSchema, mapping: AvroMapping): WriteAvro {
  const present = union.branches.flatMap((branch, index) => (branch.type === 'null' ? [] : [{ branch, index }]))
  const isSameCount = present.length === schema.fields.length
  const branches = schema.fields.map(({ name, schema: field }, i) => {
    const found =
      present.find(({ branch, index }) => unionFieldName(branch, index, mapping) === name) ??
      (isSameCount ? present[i] : undefined)
    if (found === undefined) throw new DataError(`The Avro union has no branch for the field ${name}`)
    return { name, index: found.index, write: compilePresent(found.branch, field, mapping) }
  })
  return (out, value) => {
    const given = structOf(value, schema)
    for (const { name, index, write } of branches) {
      const item = Object.hasOwn(given, name) ? given[name] : null
      if (item === null || item === undefined) continue
      out.int(index)
      write(out, item)
      return
    }
    throw new DataError('A struct that stands for a union has no value in any of its fields')
  }
}

function compileRecord(avro: AvroRecord, schema: StructSchema, mapping: AvroMapping): WriteAvro {
  const hasScrubbed = mapping['scrub.invalid.names']
  const steps = avro.fields.map((target) => {
    const field = schema.fields.find(
      ({ name }) => name === target.name || (hasScrubbed && scrubbed(name) === target.name),
    )
    if (field === undefined) return absent(avro, target, mapping)
    const { name, schema: own } = field
    const isDefaulted = !(own.optional && mapping['ignore.default.for.nullables'])
    return {
      name,
      inherited: name in Object.prototype,
      fallback: (isDefaulted ? own.default : null) ?? null,
      write: step(name, () => compileWrite(target.type, own, mapping)),
    }
  })
  return (out, value) => {
    const given = structOf(value, schema)
    for (let i = 0; i < steps.length; i++) {
      const { name, inherited, fallback, write } = steps[i]!
      try {
        write(out, (inherited && !Object.hasOwn(given, name) ? null : given[name]) ?? fallback)
      } catch (error) {
        throw under(`.${name}`, error)
      }
    }
  }
}

/** A field of the Avro schema that the struct lacks: with `use.latest.version` there may be such. */
function absent(
  avro: AvroRecord,
  target: AvroRecord['fields'][number],
  mapping: AvroMapping,
): { readonly name: string; readonly inherited: boolean; readonly fallback: Value; readonly write: WriteAvro } {
  if (target.default === undefined)
    throw new DataError(`The field ${avro.fullName}.${target.name} is not in the records, and has no default`, {
      code: 'SCHEMA_PROJECTION',
      remedy: 'Give the field a default in the schema of the registry.',
    })
  const ofNull = target.type.type === 'union' ? target.type.branches.findIndex(({ type }) => type === 'null') : -1
  // Without a schema, which a record within itself does not have.
  if (target.default === null && ofNull >= 0)
    return { name: target.name, inherited: true, fallback: null, write: (out) => out.int(ofNull) }
  const own = schemaFromAvro(target.type, mapping)
  const fallback = defaultFromJson(own, target.default) ?? null
  const write = compileWrite(target.type, own, mapping)
  return { name: target.name, inherited: true, fallback, write: (out) => write(out, fallback) }
}

function compileArray(write: WriteAvro, schema: ArraySchema): WriteAvro {
  return (out, value) => {
    if (!Array.isArray(value)) throw invalid(schema, value)
    const items = value as readonly Value[]
    if (items.length > 0) out.int(items.length)
    for (let i = 0; i < items.length; i++)
      try {
        write(out, items[i]!)
      } catch (error) {
        throw under(`[${i}]`, error)
      }
    out.byte(0)
  }
}

function compileMap(write: WriteAvro, schema: MapSchema): WriteAvro {
  return (out, value) => {
    if (!(value instanceof Map)) throw invalid(schema, value)
    const entries = value as ReadonlyMap<Value, Value>
    if (entries.size > 0) out.int(entries.size)
    for (const [key, item] of entries) {
      if (typeof key !== 'string') throw new DataError(`A key of an Avro map is ${javaClass(key)}, not a text`)
      out.string(key)
      try {
        write(out, item)
      } catch (error) {
        throw under(`[${key}]`, error)
      }
    }
    out.byte(0)
  }
}

function compileEntries(entry: AvroRecord, schema: MapSchema, mapping: AvroMapping): WriteAvro {
  const writes = entry.fields.map(({ name, type }) => ({
    isKey: name === 'key',
    write: compileWrite(type, name === 'key' ? schema.keys : schema.values, mapping),
  }))
  return (out, value) => {
    if (!(value instanceof Map)) throw invalid(schema, value)
    const entries = value as ReadonlyMap<Value, Value>
    if (entries.size > 0) out.int(entries.size)
    for (const [key, item] of entries) for (const { isKey, write } of writes) write(out, isKey ? key : item)
    out.byte(0)
  }
}

function step(name: string, compile: () => WriteAvro): WriteAvro {
  try {
    return compile()
  } catch (error) {
    throw under(`.${name}`, error)
  }
}
