import { SchemaError } from '@sluice/sdk'
import type { ResolvedReference, SchemaType } from '../registry-port.ts'
import { parseAvro } from './avro/parse-avro.ts'
import { parseJsonSchema } from './json-schema/parse-json-schema.ts'
import type { ParsedSchema, SchemaParser } from './parsed-schema.ts'
import { parseProtobuf } from './protobuf/parse-protobuf.ts'

const PARSERS: Readonly<Record<SchemaType, SchemaParser>> = {
  AVRO: parseAvro,
  JSON: parseJsonSchema,
  PROTOBUF: parseProtobuf,
}

/** Longer ones are no schemas, and cost more to read than a registry for everybody has. In UTF-16 units. */
const LENGTH_MAX = 4_000_000

/** @throws SchemaError for what is no schema of its format */
export function parseSchema(
  schema: { readonly type: SchemaType; readonly text: string },
  dependencies: readonly ResolvedReference[] = [],
): ParsedSchema {
  if (schema.text.length > LENGTH_MAX) throw new SchemaError(`The schema is longer than ${LENGTH_MAX} characters`)
  try {
    return PARSERS[schema.type](schema.text, dependencies)
  } catch (error) {
    // The stack, which values without a schema can fill, too: defaults, examples.
    if (error instanceof RangeError) throw new SchemaError('The schema is nested too deeply', { cause: error })
    throw error
  }
}
