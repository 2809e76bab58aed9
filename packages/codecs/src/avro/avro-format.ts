import { AvroParser, PREFIX_BYTES, avroText, schemaPrefix } from '@sluice/schema-registry'
import type { AvroSchema, RegisteredSchema } from '@sluice/schema-registry'
import type { Schema } from '@sluice/sdk'
import type { ReadRegistered, RegistryFormat, RegistryWriting } from '../registry/registry-format.ts'
import { ANYTHING_TEXT, readAnything, writeAnything } from './anything.ts'
import { AvroInput } from './avro-input.ts'
import { ANYTHING, UNNAMED } from './avro-names.ts'
import { AvroOutput } from './avro-output.ts'
import { compileRead } from './avro-reading.ts'
import type { AvroMapping } from './avro-settings.ts'
import { compileWrite } from './avro-writing.ts'
import { schemaFromAvro } from './schema-from-avro.ts'
import { schemaToAvro } from './schema-to-avro.ts'
import type { WriteAvro } from './scalar-writing.ts'

/** Avro behind the id of its schema. */
export class AvroFormat implements RegistryFormat {
  readonly type = 'AVRO'
  readonly title = 'Avro'
  readonly #mapping: AvroMapping
  readonly #input = new AvroInput()
  readonly #output = new AvroOutput()

  constructor(mapping: AvroMapping) {
    this.#mapping = mapping
  }

  reading(writing: RegisteredSchema, reading: RegisteredSchema): ReadRegistered {
    const [writer, reader] = [parsed(writing), parsed(reading)]
    const schema = this.#connectSchema(reader)
    const read =
      schema === null ? (from: AvroInput) => readAnything(from) : compileRead(writer, reader, schema, this.#mapping)
    const input = this.#input
    return (bytes) => {
      input.begin(bytes, PREFIX_BYTES)
      const value = read(input)
      input.end()
      return { schema, value }
    }
  }

  recordNameOf(registered: RegisteredSchema): string | null {
    const avro = parsed(registered)
    return 'fullName' in avro && !avro.fullName.startsWith(UNNAMED) ? avro.fullName : null
  }

  schemaOf(registered: RegisteredSchema): Schema | null {
    return this.#connectSchema(parsed(registered))
  }

  writing(schema: Schema | null): RegistryWriting {
    const avro = new AvroParser().parse(schema === null ? ANYTHING_TEXT : schemaToAvro(schema, this.#mapping))
    return {
      own: { type: 'AVRO', text: avroText(avro, []) },
      recordName: 'fullName' in avro ? avro.fullName : null,
      // As for Confluent's.
      isNullTombstone: schema === null || schema.optional,
      compile: (id, registered) => {
        const write = this.#compileWrite(registered === undefined ? avro : parsed(registered), schema)
        const prefix = schemaPrefix(id)
        const out = this.#output
        return (value) => {
          out.begin(prefix)
          write(out, value)
          return out.finish()
        }
      },
    }
  }

  #connectSchema(avro: AvroSchema): Schema | null {
    return 'fullName' in avro && avro.fullName === ANYTHING ? null : schemaFromAvro(avro, this.#mapping)
  }

  #compileWrite(avro: AvroSchema, schema: Schema | null): WriteAvro {
    if (schema === null) return (out, value) => writeAnything(out, value)
    return compileWrite(avro, schema, this.#mapping)
  }
}

function parsed({ text, dependencies }: RegisteredSchema): AvroSchema {
  const parser = new AvroParser()
  for (const dependency of dependencies) parser.parse(dependency.text)
  return parser.parse(text)
}
