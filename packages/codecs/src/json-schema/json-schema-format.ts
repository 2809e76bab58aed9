import { PREFIX_BYTES, incompatibilities, schemaPrefix } from '@sluice/schema-registry'
import type { RegisteredSchema } from '@sluice/schema-registry'
import { DataError } from '@sluice/sdk'
import type { Schema, Value } from '@sluice/sdk'
import { INEXACT } from '../json/inexact.ts'
import type { JsonNode } from '../json/json-node.ts'
import { notJson, parseExactly } from '../json/json-parser.ts'
import type { ReadJson } from '../json/json-reading.ts'
import { JsonWriter } from '../json/json-writer.ts'
import { writeSchemaless } from '../json/schemaless-encoding.ts'
import { readSchemaless } from '../json/schemaless-reading.ts'
import type { ReadRegistered, RegistryFormat, RegistryWriting } from '../registry/registry-format.ts'
import { utf8Text } from '../utf8-text.ts'
import { compileReadValue } from './json-schema-reading.ts'
import type { JsonSchemaSettings } from './json-schema-settings.ts'
import { compileWriteValue, isNullLeftOut } from './json-schema-writing.ts'
import { type Validate, compileValidate, plainJson } from './json-validation.ts'
import { jsonDocument, schemaFromJson } from './schema-from-json.ts'
import { schemaToJson } from './schema-to-json.ts'

/** What values without a schema are registered as: it says nothing of them. */
const ANYTHING = '{}'

/** JSON behind the id of its JSON Schema. */
export class JsonSchemaFormat implements RegistryFormat {
  readonly type = 'JSON'
  readonly title = 'JSON Schema'
  readonly #settings: JsonSchemaSettings
  readonly #out = new JsonWriter()

  constructor(settings: JsonSchemaSettings) {
    this.#settings = settings
  }

  /** JSON names its members itself: with which schema it was written matters only where that is the one to read with. */
  reading(_writer: RegisteredSchema, reader: RegisteredSchema): ReadRegistered {
    const schema = this.schemaOf(reader)
    const read: ReadJson =
      schema === null
        ? (node) => readSchemaless(node, 0, this.#settings['integer.overflow'] === 'fail' ? 'fail' : 'wrap')
        : compileReadValue(schema, this.#settings)
    const validate = this.#validation(reader)
    return (bytes) => {
      const text = utf8Text(bytes, PREFIX_BYTES)
      if (text === undefined) throw notJson('Invalid UTF-8')
      return { schema, value: readText(text, read, validate) }
    }
  }

  recordNameOf({ text }: RegisteredSchema): string | null {
    const json = JSON.parse(text) as { readonly title?: unknown } | boolean
    return typeof json === 'object' && typeof json.title === 'string' ? json.title : null
  }

  schemaOf(registered: RegisteredSchema): Schema | null {
    return schemaFromJson(jsonDocument(registered), this.#settings)
  }

  writing(schema: Schema | null): RegistryWriting {
    const text = schema === null ? ANYTHING : schemaToJson(schema, this.#settings)
    const write =
      schema === null
        ? (out: JsonWriter, value: Value) => writeSchemaless(out, value, 0)
        : compileWriteValue(schema, this.#settings)
    return {
      own: { type: 'JSON', text },
      recordName: schema?.name ?? null,
      isNullTombstone: schema === null || isNullLeftOut(schema, this.#settings),
      ...(schema !== null && { checkLatest: (latest) => this.#checkLatest(latest, text) }),
      compile: (id, registered) => {
        const validate = this.#validation(registered ?? { text, dependencies: [] })
        const prefix = schemaPrefix(id)
        const out = this.#out
        return (value) => {
          out.begin()
          out.raw(prefix)
          write(out, value)
          const bytes = out.finish()
          validate?.(JSON.parse(utf8Text(bytes, PREFIX_BYTES)!))
          return bytes
        }
      },
    }
  }

  #validation(schema: Pick<RegisteredSchema, 'text' | 'dependencies'>): Validate | undefined {
    if (!this.#settings['json.fail.invalid.schema']) return undefined
    return compileValidate(schema, this.#settings['ignore.modern.dialects'])
  }

  #checkLatest(latest: RegisteredSchema, own: string): void {
    if (!this.#settings['latest.compatibility.strict']) return
    const [found] = incompatibilities('BACKWARD', latest, [{ type: 'JSON', text: own }])
    if (found === undefined) return
    throw new DataError(`The latest schema of the subject cannot read these records: ${found.description}`, {
      place: { schema: latest.id, reason: found.kind },
      remedy: 'Register a schema that takes them, or set latest.compatibility.strict=false.',
    })
  }
}

/** Reads a whole text: by `JSON.parse` where that is good enough, else exactly. */
function readText(text: string, read: ReadJson, validate: Validate | undefined): Value {
  let node: JsonNode
  try {
    node = JSON.parse(text) as JsonNode
  } catch {
    const { root } = parseExactly(text)
    if (root === undefined) throw notJson('No content to map due to end-of-input')
    validate?.(plainJson(root))
    return read(root)
  }
  // Before it is read: the tree may become the value.
  validate?.(node)
  try {
    return read(node)
  } catch (error) {
    if (error !== INEXACT) throw error
    return read(parseExactly(text).root)
  }
}
