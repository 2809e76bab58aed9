/** A .proto file with everything that it needs, every name in it resolved: for those who read and write its messages. */

export type ProtobufScalar =
  | 'double'
  | 'float'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'sint32'
  | 'sint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed32'
  | 'sfixed64'
  | 'bool'
  | 'string'
  | 'bytes'

export interface ProtobufEnum {
  readonly fullName: string
  readonly name: string
  /** In the order of the file; the first one of a number is its name, others are aliases. */
  readonly values: readonly { readonly name: string; readonly number: number }[]
  /** Whether an unknown number is no value of it, but an unknown field (proto2). */
  readonly isClosed: boolean
}

export interface ProtobufOneof {
  readonly fullName: string
  readonly name: string
  readonly index: number
  readonly fields: readonly ProtobufField[]
}

interface FieldBase {
  readonly name: string
  readonly number: number
  readonly isRepeated: boolean
  readonly isRequired: boolean
  /** Whether repeated values are written together, behind one length. */
  readonly isPacked: boolean
  /** Whether a field that is not written differs from one that has its default. */
  readonly hasPresence: boolean
  /** Whether it is marked `optional` in proto3. */
  readonly isProto3Optional: boolean
  /** Those of proto3's `optional` are none. */
  readonly oneof: ProtobufOneof | undefined
  /** As the file states it (proto2): bytes for bytes, a number for an enum. */
  readonly default: string | number | bigint | boolean | Uint8Array | undefined
  /** The `params` of the option `confluent.field_meta`. */
  readonly meta: ReadonlyMap<string, string>
}

export interface ProtobufScalarField extends FieldBase {
  readonly kind: ProtobufScalar
}
export interface ProtobufEnumField extends FieldBase {
  readonly kind: 'enum'
  readonly enum: ProtobufEnum
}
/** Groups are written between two tags; messages behind their length. */
export interface ProtobufMessageField extends FieldBase {
  readonly kind: 'message' | 'group'
  readonly message: ProtobufMessage
}

export type ProtobufField = ProtobufScalarField | ProtobufEnumField | ProtobufMessageField

/** A map is a repeated field of messages with a key and a value. */
export interface ProtobufMessage {
  readonly fullName: string
  readonly name: string
  /** In the order of the file, without extensions. */
  readonly fields: readonly ProtobufField[]
  /** In the order of the file. */
  readonly oneofs: readonly ProtobufOneof[]
  /** The messages within it that message indexes count: neither groups nor the entries of maps. */
  readonly nested: readonly ProtobufMessage[]
  /** Whether it is what a field declared as `map<…>` is made of. */
  readonly isMapEntry: boolean
}

export interface ProtobufSchema {
  /** '' when the file states none. */
  readonly package: string
  /** The outermost messages, in the order of the file. */
  readonly messages: readonly ProtobufMessage[]
}
