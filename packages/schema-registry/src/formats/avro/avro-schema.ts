/** Avro schemas as the Avro 1.12 specification has them. */

export const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const

export type PrimitiveType = (typeof PRIMITIVES)[number]

/** Attributes that the specification does not know, and logical types with what belongs to them; in the order they were given. */
export type AvroProps = Readonly<Record<string, unknown>>

export interface AvroPrimitive {
  readonly type: PrimitiveType
  readonly props: AvroProps
}

export interface AvroArray {
  readonly type: 'array'
  readonly items: AvroSchema
  readonly props: AvroProps
}

export interface AvroMap {
  readonly type: 'map'
  readonly values: AvroSchema
  readonly props: AvroProps
}

export interface AvroUnion {
  readonly type: 'union'
  readonly branches: readonly AvroSchema[]
}

interface AvroNamed {
  readonly name: string
  /** Empty: none. */
  readonly namespace: string
  readonly fullName: string
  /** Full names. */
  readonly aliases: readonly string[]
  readonly doc: string | undefined
  readonly props: AvroProps
}

export interface AvroField {
  readonly name: string
  readonly type: AvroSchema
  readonly doc: string | undefined
  /** Undefined: none. A default of null is null. */
  readonly default: unknown
  readonly order: string | undefined
  readonly aliases: readonly string[]
  readonly props: AvroProps
}

export interface AvroRecord extends AvroNamed {
  readonly type: 'record' | 'error'
  readonly fields: readonly AvroField[]
}

export interface AvroEnum extends AvroNamed {
  readonly type: 'enum'
  readonly symbols: readonly string[]
  readonly default: string | undefined
}

export interface AvroFixed extends AvroNamed {
  readonly type: 'fixed'
  readonly size: number
}

export type AvroNamedSchema = AvroRecord | AvroEnum | AvroFixed

export type AvroSchema = AvroPrimitive | AvroArray | AvroMap | AvroUnion | AvroNamedSchema

export function isNamed(schema: AvroSchema): schema is AvroNamedSchema {
  return 'fullName' in schema
}

export function isPrimitive(schema: AvroSchema): schema is AvroPrimitive {
  return (PRIMITIVES as readonly string[]).includes(schema.type)
}
