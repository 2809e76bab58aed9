/** Messages of a Protobuf schema, read as structs of Connect: one function per message, put together once. */
import type { ProtobufEnum, ProtobufField, ProtobufMessage } from '@sluice/schema-registry'
import { DataError } from '@sluice/sdk'
import type { Value } from '@sluice/sdk'
import { logicalReader } from './logical-messages.ts'
import {
  type FieldReading,
  type MemberReading,
  type ReadProto,
  type ScalarRead,
  messageReader,
} from './message-reader.ts'
import { type ProtoInput, WIRE } from './proto-input.ts'
import { isNullable, logicalMessage, mapEntry, unionFieldName, wrappedField } from './proto-shapes.ts'
import { META } from './protobuf-names.ts'
import type { ProtobufMapping } from './protobuf-settings.ts'

type Wire = FieldReading['wire']

const WIRES: Readonly<Record<string, Wire>> = {
  double: WIRE.fixed64,
  fixed64: WIRE.fixed64,
  sfixed64: WIRE.fixed64,
  float: WIRE.fixed32,
  fixed32: WIRE.fixed32,
  sfixed32: WIRE.fixed32,
  string: WIRE.bytes,
  bytes: WIRE.bytes,
  message: WIRE.bytes,
  group: WIRE.group,
}

/** How values of this kind of field begin. */
export function wireOf(kind: ProtobufField['kind']): Wire {
  return WIRES[kind] ?? WIRE.varint
}

/**
 * Reads messages as values of `schemaFromProto`.
 * @throws DataError for a schema that has no form
 */
export function compileReadMessage(message: ProtobufMessage, mapping: ProtobufMapping): ReadProto {
  const compiler = new ReadingCompiler(mapping)
  const wrapped = mapping['wrapper.for.raw.primitives'] ? wrappedField(message) : undefined
  return wrapped === undefined ? compiler.struct(message) : compiler.wrapped(message)
}

class ReadingCompiler {
  readonly #mapping: ProtobufMapping
  readonly #structs = new Map<ProtobufMessage, ReadProto>()

  constructor(mapping: ProtobufMapping) {
    this.#mapping = mapping
  }

  struct(message: ProtobufMessage): ReadProto {
    const known = this.#structs.get(message)
    if (known !== undefined) return known
    const { fields, oneofs } = message
    const indexOf = (field: ProtobufField): number => fields.indexOf(field)
    const unions = oneofs.flatMap((oneof): MemberReading[] => {
      const branches = oneof.fields.map(indexOf)
      if (this.#mapping['flatten.unions']) return branches.map((field) => ({ name: fields[field]!.name, field }))
      return [{ name: unionFieldName(oneof, this.#mapping), branches }]
    })
    const rest = fields.flatMap((field, i) => (field.oneof === undefined ? [{ name: field.name, field: i }] : []))
    const read = messageReader(
      fields.map((field) => this.#field(field)),
      [...unions, ...rest],
      (name) => missing(message, name),
    )
    this.#structs.set(message, read)
    return read
  }

  /** What is in a message such as google.protobuf.Int32Value. */
  wrapped(message: ProtobufMessage): ReadProto {
    const read = this.#plain(message)
    return (input) => read(input)['value']!
  }

  #field(field: ProtobufField): FieldReading {
    const { name, number, isRepeated, oneof } = field
    const isMap = mapEntry(field) !== undefined
    return {
      name,
      number,
      wire: wireOf(field.kind),
      isRepeated,
      isMap,
      read: this.#read(field),
      oneof: oneof?.index,
      absent: this.#absent(field),
    }
  }

  #absent(field: ProtobufField): FieldReading['absent'] {
    if (field.isRequired) return 'error'
    if (field.kind !== 'message' && field.kind !== 'group')
      return { value: field.oneof !== undefined || isNullable(field, this.#mapping) ? null : this.#default(field) }
    const isStruct = logicalMessage(field.message) === undefined && !this.#isUnwrapped(field.message)
    const isEmpty =
      this.#mapping['generate.struct.for.nulls'] && isStruct && field.oneof === undefined && !field.isRepeated
    return isEmpty ? 'empty' : { value: null }
  }

  #read(field: ProtobufField): FieldReading['read'] {
    if (field.kind === 'enum') return this.#enum(field.enum)
    if (field.kind === 'message' || field.kind === 'group') return this.#message(field, field.message)
    const small = field.meta.get(META.type)
    if (field.kind.endsWith('32') && !field.kind.startsWith('u') && field.kind !== 'fixed32') {
      if (small === 'int8') return within(field.kind, 0x7f, small)
      if (small === 'int16') return within(field.kind, 0x7fff, small)
    }
    return field.kind
  }

  #enum(type: ProtobufEnum): FieldReading['read'] {
    const names = namesOf(type)
    const isNumber = this.#mapping['int.for.enums']
    return (input) => {
      const number = input.int32()
      const name = names.get(number)
      if (name !== undefined) return isNumber ? number : name
      if (type.isClosed) return undefined
      return isNumber ? number : unknownName(type, number)
    }
  }

  #isUnwrapped(message: ProtobufMessage): boolean {
    return this.#mapping['wrapper.for.nullables'] && wrappedField(message) !== undefined
  }

  #message(field: ProtobufField, message: ProtobufMessage): ReadProto {
    const logical = logicalMessage(message)
    if (logical !== undefined) return logicalReader(logical, this.#plain(message), field)
    if (this.#isUnwrapped(message)) return this.wrapped(message)
    const entry = mapEntry(field)
    return entry === undefined ? this.struct(message) : this.#entry(entry)
  }

  /** A key or value that is not there has its default, and so has all of a message. */
  #entry(entry: readonly [ProtobufField, ProtobufField]): ReadProto {
    const fields = entry.map((field): FieldReading => {
      const isMessage = field.kind === 'message' || field.kind === 'group'
      return { ...this.#field(field), absent: isMessage ? 'empty' : { value: this.#default(field) } }
    })
    const members = fields.map(({ name }, field) => ({ name, field }))
    return messageReader(fields, members, (name) => new DataError(`A map's ${name} is not there`))
  }

  /** The fields of a message as they are written; none of them null. */
  #plain({ fields }: ProtobufMessage): (input: ProtoInput) => Readonly<Record<string, Value>> {
    const readings = fields.map((field): FieldReading => ({
      name: field.name,
      number: field.number,
      wire: wireOf(field.kind),
      isRepeated: false,
      isMap: false,
      read: field.kind as ScalarRead,
      oneof: undefined,
      absent: { value: this.#default(field) },
    }))
    const members = fields.map(({ name }, field) => ({ name, field }))
    return messageReader(readings, members, (name) => new DataError(`${name} is not there`)) as (
      input: ProtoInput,
    ) => Readonly<Record<string, Value>>
  }

  #default(field: ProtobufField): Value {
    if (field.kind === 'enum') {
      const number = typeof field.default === 'number' ? field.default : field.enum.values[0]!.number
      return this.#mapping['int.for.enums'] ? number : namesOf(field.enum).get(number)!
    }
    if (field.default !== undefined) return field.default
    if (field.kind === 'string') return ''
    if (field.kind === 'bytes') return Buffer.alloc(0)
    return field.kind === 'bool' ? false : 0
  }
}

/** The first name of each number; others are aliases. */
function namesOf({ values }: ProtobufEnum): ReadonlyMap<number, string> {
  return new Map(values.toReversed().map(({ name, number }) => [number, name]))
}

/** As Java calls it. */
function unknownName({ name }: ProtobufEnum, number: number): string {
  return `UNKNOWN_ENUM_VALUE_${name}_${number}`
}

/** Java would cut the upper bits off, and go on with another number. */
function within(read: ScalarRead, most: number, what: string): (input: ProtoInput) => Value {
  return (input) => {
    const value = input[read]() as number
    if (value >= -most - 1 && value <= most) return value
    throw new DataError(`${value} is no ${what}`, { remedy: 'Write values within the type that the schema says.' })
  }
}

function missing({ fullName }: ProtobufMessage, name: string): DataError {
  return new DataError(`The Protobuf message ${fullName} lacks its required field ${name}`, {
    remedy: 'Look whether the record was written with the schema whose id it bears.',
  })
}
