import { type ParsedSchema, type SchemaParser, otherFormat } from '../parsed-schema.ts'
import { protoDifferences } from './proto-differences.ts'
import { type ProtoFile, protoFile } from './proto-file.ts'
import { protoText } from './proto-text.ts'

export const parseProtobuf: SchemaParser = (text, dependencies) =>
  new ParsedProtobuf(text, protoFile(text, new Set(dependencies.map(({ name }) => name))))

class ParsedProtobuf implements ParsedSchema {
  readonly type = 'PROTOBUF'
  readonly canonical: string
  readonly normalized: string
  readonly #file: ProtoFile

  constructor(text: string, file: ProtoFile) {
    this.canonical = this.normalized = protoText(text)
    this.#file = file
  }

  differences(writer: ParsedSchema): ReturnType<ParsedSchema['differences']> {
    return writer instanceof ParsedProtobuf ? protoDifferences(this.#file, writer.#file) : [otherFormat(this, writer)]
  }
}
