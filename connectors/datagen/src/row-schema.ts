import { schemaFromAvro } from '@sluice/codecs'
import { AvroParser, type AvroRecord } from '@sluice/schema-registry'
import { fieldOf, SchemaError, type Schema, type StructSchema, type StructValue } from '@sluice/sdk'
import { ANNOTATIONS, Annotations } from './annotations.ts'
import { makeValue } from './make-value.ts'
import type { RecordRandom } from './record-random.ts'

/** How Confluent's converter maps schemas where no settings say otherwise. */
const CONFLUENT_DEFAULTS: Parameters<typeof schemaFromAvro>[1] = {
  'enhanced.avro.schema.support': false,
  'connect.meta.data': true,
  'generalized.sum.type.support': false,
  'ignore.default.for.nullables': false,
  'allow.optional.map.keys': false,
  'flatten.singleton.unions': false,
  'scrub.invalid.names': false,
}

/** What rows are made by: Connect's schema, as Confluent's converter reads the Avro schema, and what makes a row of it. */
export interface RowSchema {
  readonly schema: StructSchema
  /** Null: rows have no key. */
  readonly key: {
    readonly field: string
    readonly schema: Schema
    readonly prefix: string
    readonly suffix: string
  } | null
  make(random: RecordRandom, number: number): StructValue
}

/**
 * @param text an Avro schema with annotations, of a record
 * @throws SchemaError for one that no records can be made of
 */
export function rowSchema(text: string, keyField: string | null): RowSchema {
  const avro = new AvroParser().parse(text)
  if (avro.type !== 'record') throw new SchemaError(`The Avro schema is of type ${avro.type}, and has to be a record`)
  const schema = schemaFromAvro(avro, CONFLUENT_DEFAULTS)
  if (schema.type !== 'struct') throw new SchemaError(`The Avro schema ${avro.fullName} is none of a struct`)
  const make = makeValue(avro, schema, { where: avro.fullName, times: 1 })
  return {
    schema,
    key: keyField === null ? null : keyOf(avro, schema, keyField),
    make: (random, number) => make(random, number) as StructValue,
  }
}

function keyOf(avro: AvroRecord, schema: StructSchema, field: string): RowSchema['key'] {
  const found = fieldOf(schema, field)
  if (found === undefined)
    throw new SchemaError(`The Avro schema ${avro.fullName} has no field ${field}, which is to be the key`, {
      remedy: `Its fields are ${schema.fields.map(({ name }) => name).join(', ')}.`,
    })
  const { type } = avro.fields[found.index]!
  const notes = new Annotations(type.type === 'union' ? undefined : type.props[ANNOTATIONS], `the field ${field}`)
  // What all texts of a regex begin with, as User_ of User_[1-9]: so are the keys of a table of them.
  const begin = /^[\w-]+(?=[([\\])/.exec(notes.regex ?? '')?.[0] ?? `${field}_`
  return { field, schema: found.schema, prefix: notes.prefix === '' ? begin : notes.prefix, suffix: notes.suffix }
}
