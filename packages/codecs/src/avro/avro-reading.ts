/**
 * Values of an Avro schema, read as those of a Connect schema: one function per schema, put together once. Values that were written
 * with another schema than the reader's become the reader's on the way (Avro's schema resolution).
 */
import { DataError } from '@sluice/sdk'
import type { AvroArray, AvroMap, AvroRecord, AvroSchema, AvroUnion } from '@sluice/schema-registry'
import type { Schema, Value } from '@sluice/sdk'
import { under } from '../value-path.ts'
import { defaultFromJson } from './avro-defaults.ts'
import type { AvroInput } from './avro-input.ts'
import type { AvroMapping } from './avro-settings.ts'
import { NOT_READABLE, readsOf } from './avro-scalars.ts'
import { compileSkip, isWidthless } from './avro-skipping.ts'
import { recordReader, type RecordStep } from './record-reader.ts'
import { isMapEntry, soleBranch } from './schema-from-avro.ts'

export type ReadAvro = (input: AvroInput) => Value

/**
 * @param schema the Connect schema of the reader's
 * @throws DataError when nothing written with the one can be read with the other
 */
export function compileRead(writer: AvroSchema, reader: AvroSchema, schema: Schema, mapping: AvroMapping): ReadAvro {
  if (writer.type !== 'union') return compileBranch(writer, reader, schema, mapping)
  // A branch that the reader has no place for is no harm until it is met.
  const reads = writer.branches.map((branch): ReadAvro => {
    try {
      return compileBranch(branch, reader, schema, mapping)
    } catch (error) {
      return () => {
        throw error
      }
    }
  })
  return (input) => {
    const index = input.int()
    const read = reads[index]
    if (read !== undefined) return read(input)
    throw new DataError(`The Avro union has ${reads.length} branches, and none with the index ${index}`)
  }
}

function compileBranch(writer: AvroSchema, reader: AvroSchema, schema: Schema, mapping: AvroMapping): ReadAvro {
  if (reader.type === 'union') return compileIntoUnion(writer, reader, schema, mapping)
  if (isRecord(reader) && isRecord(writer)) return compileRecord(writer, reader, schema, mapping)
  if (reader.type === 'map' && writer.type === 'map') return compileMap(writer, reader, schema, mapping)
  if (reader.type === 'array' && writer.type === 'array')
    return isMapEntry(reader.items) && schema.type === 'map'
      ? compileEntries(writer, reader.items, schema, mapping)
      : compileArray(writer, reader, schema, mapping)
  const read = readsOf(writer, reader, schema)
  if (read === undefined) throw unreadable(writer, reader)
  return read
}

function compileIntoUnion(writer: AvroSchema, reader: AvroUnion, schema: Schema, mapping: AvroMapping): ReadAvro {
  if (writer.type === 'null' && reader.branches.some(({ type }) => type === 'null')) return () => null
  const sole = soleBranch(reader, mapping)
  if (sole !== undefined) return compileBranch(writer, sole, schema, mapping)
  if (schema.type !== 'struct') throw unreadable(writer, reader)
  const branches = reader.branches.filter(({ type }) => type !== 'null')
  const byLikeness = branches.map((branch, i) => ({ branch, field: schema.fields[i]! }))
  // The branch that is the same comes first, then those that it can be promoted to.
  byLikeness.sort((a, b) => likeness(writer, b.branch) - likeness(writer, a.branch))
  for (const { branch, field } of byLikeness) {
    try {
      const read = compileBranch(writer, branch, field.schema, mapping)
      const { name } = field
      return (input) => ({ [name]: read(input) })
    } catch (error) {
      if (!(error instanceof DataError)) throw error
    }
  }
  throw unreadable(writer, reader)
}

function likeness(writer: AvroSchema, reader: AvroSchema): number {
  if (writer.type !== reader.type) return 0
  if (!('fullName' in writer) || !('fullName' in reader)) return 1
  return writer.fullName === reader.fullName ? 2 : 1
}

function compileRecord(writer: AvroRecord, reader: AvroRecord, schema: Schema, mapping: AvroMapping): ReadAvro {
  if (schema.type !== 'struct' || (writer !== reader && !hasNameOf(reader, writer))) throw unreadable(writer, reader)
  const steps: RecordStep[] = []
  const met = new Set<string>()
  for (const field of writer.fields) {
    const index = reader.fields.findIndex(({ name, aliases }) => name === field.name || aliases.includes(field.name))
    const target = reader.fields[index]
    if (target === undefined || met.has(target.name)) {
      // Read and forgotten: the reader's schema has no such field.
      steps.push({ read: compileSkip(field.type), name: field.name })
      continue
    }
    met.add(target.name)
    const read = located(field.name, () => compileRead(field.type, target.type, schema.fields[index]!.schema, mapping))
    steps.push({ read, name: field.name, target: target.name })
  }
  const constants = reader.fields.flatMap((field, i): (readonly [string, Value])[] => {
    if (met.has(field.name)) return []
    if (field.default === undefined)
      throw new DataError(`The field ${reader.fullName}.${field.name} is not in what was written, and has no default`, {
        code: 'SCHEMA_PROJECTION',
        remedy: 'Give the field a default in the schema that is read with.',
      })
    return [[field.name, defaultFromJson(schema.fields[i]!.schema, field.default) ?? null]]
  })
  return recordReader(
    steps,
    reader.fields.map(({ name }) => name),
    new Map(constants),
  )
}

function compileArray(writer: AvroArray, reader: AvroArray, schema: Schema, mapping: AvroMapping): ReadAvro {
  if (schema.type !== 'array') throw unreadable(writer, reader)
  const read = compileRead(writer.items, reader.items, schema.items, mapping)
  const widthless = isWidthless(writer.items)
  return (input) => {
    const items: Value[] = []
    try {
      for (let count = input.block(widthless, 0); count > 0; count = input.block(widthless, items.length))
        for (let i = 0; i < count; i++) items.push(read(input))
    } catch (error) {
      throw under(`[${items.length}]`, error)
    }
    return items
  }
}

function compileMap(writer: AvroMap, reader: AvroMap, schema: Schema, mapping: AvroMapping): ReadAvro {
  if (schema.type !== 'map') throw unreadable(writer, reader)
  const read = compileRead(writer.values, reader.values, schema.values, mapping)
  return (input) => {
    const entries = new Map<Value, Value>()
    for (let count = input.block(false, 0); count > 0; count = input.block(false, 0))
      for (let i = 0; i < count; i++) {
        const key = input.string()
        try {
          entries.set(key, read(input))
        } catch (error) {
          throw under(`[${key}]`, error)
        }
      }
    return entries
  }
}

/** A map whose keys are no strings: an array of records of key and value. */
function compileEntries(writer: AvroArray, entry: AvroRecord, schema: Schema, mapping: AvroMapping): ReadAvro {
  if (schema.type !== 'map' || !isMapEntry(writer.items)) throw unreadable(writer, entry)
  const order = writer.items.fields.map(({ name }) => name)
  if (order.length !== 2 || !order.includes('key') || !order.includes('value')) throw unreadable(writer, entry)
  const [readKey, readValue] = (['key', 'value'] as const).map((name) => {
    const written = (writer.items as AvroRecord).fields.find((field) => field.name === name)!
    const target = entry.fields.find((field) => field.name === name)!
    return compileRead(written.type, target.type, name === 'key' ? schema.keys : schema.values, mapping)
  }) as [ReadAvro, ReadAvro]
  const isKeyFirst = order[0] === 'key'
  const widthless = isWidthless(writer.items)
  return (input) => {
    const entries = new Map<Value, Value>()
    let read = 0
    for (let count = input.block(widthless, 0); count > 0; count = input.block(widthless, read)) {
      read += count
      for (let i = 0; i < count; i++) {
        const first = isKeyFirst ? readKey(input) : readValue(input)
        const second = isKeyFirst ? readValue(input) : readKey(input)
        if (isKeyFirst) entries.set(first, second)
        else entries.set(second, first)
      }
    }
    return entries
  }
}

function isRecord(avro: AvroSchema): avro is AvroRecord {
  return avro.type === 'record' || avro.type === 'error'
}

/** As Java's resolution: names without their namespaces, or an alias. */
function hasNameOf(reader: AvroRecord, writer: AvroRecord): boolean {
  return reader.name === writer.name || reader.aliases.includes(writer.fullName)
}

function located(step: string, compile: () => ReadAvro): ReadAvro {
  try {
    return compile()
  } catch (error) {
    throw under(`.${step}`, error)
  }
}

function unreadable(writer: AvroSchema, reader: AvroSchema): DataError {
  return new DataError(`An Avro ${nameOf(writer)} ${NOT_READABLE} ${nameOf(reader)}`, {
    code: 'SCHEMA_PROJECTION',
    remedy: 'Make the schemas of the subject compatible; see the compatibility level of the registry.',
  })
}

function nameOf(avro: AvroSchema): string {
  return 'fullName' in avro ? `${avro.type} ${avro.fullName}` : avro.type
}
