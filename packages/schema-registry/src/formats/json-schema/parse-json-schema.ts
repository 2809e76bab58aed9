import { type ParsedSchema, type SchemaParser, otherFormat } from '../parsed-schema.ts'
import { jsonDifferences } from './json-differences.ts'
import { JsonDocument } from './json-documents.ts'
import { sortedJson } from './json-model.ts'

export const parseJsonSchema: SchemaParser = (text, dependencies) => {
  const others = new Map<string, JsonDocument>()
  for (const dependency of dependencies) others.set(dependency.name, new JsonDocument(dependency.text, others))
  return new ParsedJsonSchema(text, new JsonDocument(text, others))
}

class ParsedJsonSchema implements ParsedSchema {
  readonly type = 'JSON'
  readonly canonical: string
  readonly normalized: string
  readonly #document: JsonDocument

  constructor(text: string, document: JsonDocument) {
    this.canonical = withoutSpaces(text)
    this.normalized = sortedJson(document.root)
    this.#document = document
  }

  differences(writer: ParsedSchema): ReturnType<ParsedSchema['differences']> {
    if (!(writer instanceof ParsedJsonSchema)) return [otherFormat(this, writer)]
    const [reader, other] = [this.#document, writer.#document]
    return jsonDifferences({ json: reader.root, document: reader }, { json: other.root, document: other })
  }
}

/** The text without the white space between its tokens: numbers and the order of keys stay as they were written. */
function withoutSpaces(text: string): string {
  return text.replaceAll(/("(?:[^"\\]|\\.)*")|\s+/g, (_, string: string | undefined) => string ?? '')
}
