import type { ResolvedReference, SchemaType } from '../registry-port.ts'

/** What a schema is, as far as a registry must know it. */
export interface ParsedSchema {
  readonly type: SchemaType
  /** The schema as it is stored: what is written differently but says the same, white space and such, has the same text. */
  readonly canonical: string
  /** A text that schemas share which differ only in the order of things without an order, or in how names are qualified. */
  readonly normalized: string
  /** Whether this schema, as a reader's, can read what was written with the other one: all that speaks against it. */
  differences(writer: ParsedSchema): readonly Difference[]
}

/** One reason why a reader's schema cannot read what was written with another. */
export interface Difference {
  /** Confluent's word, as in READER_FIELD_MISSING_DEFAULT_VALUE. */
  readonly kind: string
  /** Where in the reader's schema, as in `/fields/1`. */
  readonly path: string
  /** A sentence in which `%r` stands for "new" or "old", whichever the reader's schema is, and `%w` for the other. */
  readonly sentence: string
  /** What exactly: names, symbols, sizes. */
  readonly detail: string
}

/** Reads schemas of one format. @throws SchemaError for what is no schema of it, or for a reference that is missing */
export type SchemaParser = (text: string, dependencies: readonly ResolvedReference[]) => ParsedSchema

/** A schema of another format is all that is wrong. */
export function otherFormat(reader: ParsedSchema, writer: ParsedSchema): Difference {
  return {
    kind: 'SCHEMA_TYPE_MISMATCH',
    path: '/',
    sentence: 'The %r schema is of another format than the %w schema',
    detail: `reader: ${reader.type}, writer: ${writer.type}`,
  }
}
