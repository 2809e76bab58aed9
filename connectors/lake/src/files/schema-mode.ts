import { projectorFor, sameSchema } from '@sluice/sdk'
import type { Projector, Schema } from '@sluice/sdk'
import { mergeSchemas } from './merge-schemas.ts'

/** `schema.compatibility`: what becomes of a record whose schema is not that of the open file. */
export type SchemaMode = 'NONE' | 'BACKWARD' | 'FORWARD' | 'FULL' | 'EVOLVE'

/** A file's schema for records of another one, and how their values become those of it. */
export interface Fit {
  /** The schema that the file must have. Another one than it has: the file ends, and a new one begins. */
  readonly schema: Schema | null
  readonly project: Projector
}

const AS_IT_IS: Projector = (value) => value

/**
 * As Confluent's StorageSchemaCompatibility, and EVOLVE besides:
 *
 * | mode | a record of another schema |
 * |---|---|
 * | NONE | begins a new file |
 * | BACKWARD, FULL | of a newer version begins a new file; of an older one is projected to the file's |
 * | FORWARD | of an older version begins a new file; of a newer one is projected to the file's |
 * | EVOLVE | is projected to the file's if that takes it; else a new file begins, whose schema takes both |
 *
 * Versions are those of the schemas (a registry's subject); schemas without one count as new.
 * @throws ProjectionError when values of the one cannot become values of the other
 */
export function fitOf(mode: SchemaMode, held: Schema | null, coming: Schema | null): Fit {
  const anew = { schema: coming, project: AS_IT_IS }
  if (held === coming) return anew
  if (held === null || coming === null) return anew
  if (sameSchema(held, coming)) return { schema: held, project: AS_IT_IS }
  switch (mode) {
    case 'NONE':
      return anew
    case 'BACKWARD':
    case 'FULL':
      return isOlder(coming, held) ? projected(coming, held) : anew
    case 'FORWARD':
      return isOlder(held, coming) ? projected(coming, held) : anew
    case 'EVOLVE':
    default: {
      const merged = mergeSchemas(held, coming)
      return merged === undefined ? anew : projected(coming, merged)
    }
  }
}

function projected(from: Schema, to: Schema): Fit {
  return { schema: to, project: projectorFor(from, to) }
}

function isOlder(a: Schema, b: Schema): boolean {
  return a.version !== undefined && b.version !== undefined && a.version < b.version
}
