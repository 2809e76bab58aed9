import { type ParsedSchema, type SchemaParser, otherFormat } from '../parsed-schema.ts'

export const parseProtobuf: SchemaParser = (text) => new ParsedProtobuf(text)

class ParsedProtobuf implements ParsedSchema {
  readonly type = 'PROTOBUF'
  readonly canonical: string
  readonly normalized: string

  constructor(text: string) {
    this.canonical = this.normalized = text.trim()
  }

  differences(writer: ParsedSchema): ReturnType<ParsedSchema['differences']> {
    return writer instanceof ParsedProtobuf ? [] : [otherFormat(this, writer)]
  }
}
