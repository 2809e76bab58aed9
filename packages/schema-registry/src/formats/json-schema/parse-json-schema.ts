import { SchemaError } from '@sluice/sdk'
import { type ParsedSchema, type SchemaParser, otherFormat } from '../parsed-schema.ts'

export const parseJsonSchema: SchemaParser = (text) => {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new SchemaError('The JSON Schema is no JSON', { cause })
  }
  return new ParsedJsonSchema(json)
}

class ParsedJsonSchema implements ParsedSchema {
  readonly type = 'JSON'
  readonly canonical: string
  readonly normalized: string

  constructor(json: unknown) {
    this.canonical = this.normalized = JSON.stringify(json)
  }

  differences(writer: ParsedSchema): ReturnType<ParsedSchema['differences']> {
    return writer instanceof ParsedJsonSchema ? [] : [otherFormat(this, writer)]
  }
}
