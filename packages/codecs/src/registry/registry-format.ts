import type { RegisteredSchema, SchemaText, SchemaType } from '@sluice/schema-registry'
import type { Schema, SchemaAndValue, Value, ValueEncoder } from '@sluice/sdk'

/** Reads bytes that begin with the prefix of a schema registry. */
export type ReadRegistered = (bytes: Uint8Array) => SchemaAndValue

/** A format whose schemas are in a registry: what RegistryConverter must know of it. */
export interface RegistryFormat {
  readonly type: SchemaType
  /** As people call it: Avro, JSON Schema, Protobuf. */
  readonly title: string
  /** Compiles how what was written with one schema is read with another; they are the same unless the latest one was asked for. */
  reading(writer: RegisteredSchema, reader: RegisteredSchema): ReadRegistered
  /** What strategies name a subject after; null for a schema that has no name. */
  recordNameOf(schema: RegisteredSchema): string | null
  /** What values of it are for Connect; null: schemaless. */
  schemaOf(registered: RegisteredSchema): Schema | null
  /**
   * How values of this schema are written; null: schemaless. @throws DataError for a schema that the format cannot express
   * @returns null when only null can be written, no bytes
   */
  writing(schema: Schema | null): RegistryWriting | null
}

/** How values of one schema are written. */
export interface RegistryWriting {
  /** The schema as it is registered. A registered one may be written with though there is none. @throws DataError */
  readonly own: SchemaText
  readonly recordName: string | null
  /** Whether null is no bytes, a tombstone: nothing is registered for it. */
  readonly isNullTombstone: boolean
  /** Whether the latest schema of the subject may be written with instead of the own one. @throws DataError if not */
  readonly checkLatest?: (latest: RegisteredSchema) => void
  /**
   * Compiles an encoder of values.
   * @param id of the schema, which stands in the prefix
   * @param registered the schema to write with; undefined: the own one
   */
  readonly compile: (id: number, registered: RegisteredSchema | undefined) => (value: Value) => ReturnType<ValueEncoder>
}
