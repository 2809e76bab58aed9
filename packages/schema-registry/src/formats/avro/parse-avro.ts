import { type ParsedSchema, type SchemaParser, otherFormat } from '../parsed-schema.ts'
import { avroDifferences } from './avro-differences.ts'
import { AvroParser } from './avro-parser.ts'
import type { AvroSchema } from './avro-schema.ts'
import { avroText } from './avro-text.ts'

export const parseAvro: SchemaParser = (text, dependencies) => {
  const parser = new AvroParser()
  for (const dependency of dependencies) parser.parse(dependency.text)
  const known = [...parser.names.keys()]
  return new ParsedAvro(parser.parse(text), known)
}

class ParsedAvro implements ParsedSchema {
  readonly type = 'AVRO'
  readonly canonical: string
  readonly normalized: string
  readonly #schema: AvroSchema

  constructor(schema: AvroSchema, known: readonly string[]) {
    this.canonical = avroText(schema, known)
    this.normalized = avroText(schema, known, true)
    this.#schema = schema
  }

  differences(writer: ParsedSchema): ReturnType<ParsedSchema['differences']> {
    return writer instanceof ParsedAvro ? avroDifferences(this.#schema, writer.#schema) : [otherFormat(this, writer)]
  }
}
