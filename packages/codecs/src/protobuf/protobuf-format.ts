import { messageIndexBytes, parseProtobufSchema, readMessageIndexes, schemaPrefix } from '@sluice/schema-registry'
import type { ProtobufMessage, ProtobufSchema, RegisteredSchema } from '@sluice/schema-registry'
import { DataError } from '@sluice/sdk'
import type { Schema } from '@sluice/sdk'
import type { ReadRegistered, RegistryFormat, RegistryWriting } from '../registry/registry-format.ts'
import type { ReadProto } from './message-reader.ts'
import { compileReadMessage } from './message-reading.ts'
import { compileWriteMessage } from './message-writing.ts'
import { ProtoInput } from './proto-input.ts'
import { ProtoOutput } from './proto-output.ts'
import { WRAPPERS_TEXT, wrapperOf } from './proto-types.ts'
import { simpleName } from './protobuf-names.ts'
import type { ProtobufMapping } from './protobuf-settings.ts'
import { schemaFromProto } from './schema-from-proto.ts'
import { rootName, schemaToProto } from './schema-to-proto.ts'

interface MessagePlan {
  readonly schema: Schema
  readonly read: ReadProto
}

/** A message and the way to it, within its file. */
interface Located {
  readonly message: ProtobufMessage
  readonly indexes: readonly number[]
}

/** Protobuf behind the id of its schema and the indexes of its message. */
export class ProtobufFormat implements RegistryFormat {
  readonly type = 'PROTOBUF'
  readonly title = 'Protobuf'
  readonly #mapping: ProtobufMapping
  readonly #input: ProtoInput
  readonly #output = new ProtoOutput()

  constructor(mapping: ProtobufMapping) {
    this.#mapping = mapping
    this.#input = new ProtoInput(mapping['integer.overflow'] === 'wrap')
  }

  /** The numbers of fields are all that bytes and schema agree on: what was written with one schema is read with another one alone. */
  reading(writing: RegisteredSchema, reading: RegisteredSchema): ReadRegistered {
    const writer = parsed(writing)
    const reader = reading === writing ? writer : parsed(reading)
    const plans = new Map<string, MessagePlan>()
    const planOf = (indexes: readonly number[]): MessagePlan => {
      const key = indexes.join('.')
      let plan = plans.get(key)
      if (plan === undefined) plans.set(key, (plan = this.#plan(messageAt(writer, indexes), reader)))
      return plan
    }
    const input = this.#input
    let first: MessagePlan | undefined
    return (bytes) => {
      const { indexes, end } = readMessageIndexes(bytes)
      const isFirst = indexes.length === 1 && indexes[0] === 0
      const { schema, read } = isFirst ? (first ??= planOf(indexes)) : planOf(indexes)
      input.begin(bytes, end)
      return { schema, value: read(input) }
    }
  }

  recordNameOf(registered: RegisteredSchema): string | null {
    return parsed(registered).messages[0]?.fullName ?? null
  }

  /** Of the first message: which one values are of, only they tell. */
  schemaOf(registered: RegisteredSchema): Schema {
    return schemaFromProto(messageAt(parsed(registered), [0]), this.#mapping)
  }

  writing(schema: Schema | null): RegistryWriting | null {
    if (schema === null) return null
    const recordName = messageName(schema, this.#mapping)
    let made: OwnFile | undefined
    const own = (): OwnFile => (made ??= ownFile(schema, this.#mapping))
    return {
      get own() {
        return { type: 'PROTOBUF' as const, text: own().text }
      },
      recordName,
      // As for Confluent's.
      isNullTombstone: true,
      compile: (id, registered) => {
        const { message, indexes } = registered === undefined ? own().root : counterpart(parsed(registered), recordName)
        const write = compileWriteMessage(message, schema, this.#mapping)
        const prefix = Buffer.concat([schemaPrefix(id), messageIndexBytes(indexes)])
        const out = this.#output
        return (value) => {
          out.begin(prefix)
          write(out, value)
          return out.finish()
        }
      },
    }
  }

  #plan({ fullName }: ProtobufMessage, reader: ProtobufSchema): MessagePlan {
    const found = located(reader).find(({ message }) => message.fullName === fullName)
    if (found === undefined)
      throw new DataError(`The Protobuf message ${fullName} is not in the latest schema of the subject`, {
        code: 'SCHEMA_PROJECTION',
        remedy: 'Set use.latest.version=false, or register a schema that has the message.',
      })
    return {
      schema: schemaFromProto(found.message, this.#mapping),
      read: compileReadMessage(found.message, this.#mapping),
    }
  }
}

/** The file that values of a schema are written with when no other is asked for. */
interface OwnFile {
  readonly text: string
  readonly root: Located
}

function ownFile(schema: Schema, mapping: ProtobufMapping): OwnFile {
  const text = schema.type === 'struct' ? schemaToProto(schema, mapping) : WRAPPERS_TEXT
  const messages = located(parseProtobufSchema(text))
  const name = schema.type === 'struct' ? undefined : wrapperOf(schema)
  return { text, root: name === undefined ? messages[0]! : messages.find(({ message }) => message.name === name)! }
}

function messageName(schema: Schema, mapping: ProtobufMapping): string {
  return schema.type === 'struct' ? rootName(schema, mapping) : `google.protobuf.${wrapperOf(schema)}`
}

function parsed({ text, dependencies }: RegisteredSchema): ProtobufSchema {
  return parseProtobufSchema(text, dependencies)
}

function messageAt({ messages }: ProtobufSchema, indexes: readonly number[]): ProtobufMessage {
  let scope = messages
  let message: ProtobufMessage | undefined
  for (const index of indexes) {
    message = scope[index]
    if (message === undefined)
      throw new DataError(`The Protobuf schema has no message with the indexes ${indexes.join(', ')}`, {
        remedy: 'Look whether the record was written with the schema whose id it bears.',
      })
    scope = message.nested
  }
  return message!
}

/** All messages of a file, outer ones before those within them. */
function located({ messages }: ProtobufSchema): readonly Located[] {
  const level = (scope: readonly ProtobufMessage[], path: readonly number[]): readonly Located[] =>
    scope.map((message, i) => ({ message, indexes: [...path, i] }))
  const found = [...level(messages, [])]
  // Grows while it is walked: what is within comes behind.
  for (const { message, indexes } of found) found.push(...level(message.nested, indexes))
  return found
}

/** The message of a registered schema that is written instead of the own one: of the same name, or the only one there is. */
function counterpart(registered: ProtobufSchema, fullName: string): Located {
  const all = located(registered)
  const simple = simpleName(fullName)
  const found =
    all.find(({ message }) => message.fullName === fullName) ??
    all.find(({ message }) => message.name === simple) ??
    (registered.messages.length === 1 ? all[0] : undefined)
  if (found !== undefined) return found
  throw new DataError(`The registered Protobuf schema has no message ${fullName}`, {
    code: 'SCHEMA_PROJECTION',
    remedy: 'Give the struct the name of a message of the schema (the transform SetSchemaMetadata does so).',
  })
}
