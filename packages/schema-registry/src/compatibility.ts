/** Whether a schema may follow others: Confluent's compatibility levels, as functions of nothing but the schemas. */
import type { Difference, ParsedSchema } from './formats/parsed-schema.ts'
import { parseSchema } from './formats/parse-schema.ts'
import type { CompatibilityLevel, ResolvedReference, SchemaText } from './registry-port.ts'

export const COMPATIBILITY_LEVELS: readonly CompatibilityLevel[] = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
]

/** A schema, and those that it is built on. */
export interface ComparedSchema extends Pick<SchemaText, 'type' | 'text'> {
  readonly dependencies?: readonly ResolvedReference[]
}

/** One reason why a schema may not follow others. */
export interface Incompatibility {
  /** Confluent's word for it, as in READER_FIELD_MISSING_DEFAULT_VALUE. */
  readonly kind: string
  /** Where in the schema that cannot read the other, as in `/fields/1`. */
  readonly path: string
  /** One sentence, in which both schemas are called `new` and `old`. */
  readonly description: string
  /** What exactly: names, symbols, sizes. */
  readonly detail: string
  /** Of the older schema, in the list that was given. */
  readonly index: number
}

/**
 * Everything that keeps `next` from following `previous` (the oldest first). Levels that are not transitive look at the last one only.
 * @throws SchemaError for a text that is no schema
 */
export function incompatibilities(
  level: CompatibilityLevel,
  next: ComparedSchema,
  previous: readonly ComparedSchema[],
): readonly Incompatibility[] {
  const parse = ({ dependencies = [], ...schema }: ComparedSchema): ParsedSchema => parseSchema(schema, dependencies)
  return parsedIncompatibilities(level, parse(next), previous.map(parse))
}

/** The same for schemas that have been read already. */
export function parsedIncompatibilities(
  level: CompatibilityLevel,
  next: ParsedSchema,
  previous: readonly ParsedSchema[],
): readonly Incompatibility[] {
  if (level === 'NONE') return []
  const first = level.endsWith('_TRANSITIVE') ? 0 : Math.max(0, previous.length - 1)
  return previous.slice(first).flatMap((older, i) => {
    const backward = level.startsWith('FORWARD')
      ? []
      : next.differences(older).map((found) => described(found, 'new', 'old'))
    const forward = level.startsWith('BACKWARD')
      ? []
      : older.differences(next).map((found) => described(found, 'old', 'new'))
    return [...backward, ...forward].map((found) => ({ ...found, index: first + i }))
  })
}

function described(
  { kind, path, sentence, detail }: Difference,
  reader: string,
  writer: string,
): Omit<Incompatibility, 'index'> {
  return { kind, path, description: sentence.replaceAll('%r', reader).replaceAll('%w', writer), detail }
}
