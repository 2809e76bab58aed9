/** Stored versions as Confluent's REST API writes them. */
import type { StoredVersion } from './registry-state.ts'

/** What is told of a schema whatever was asked: Avro is not named, as in the time when there was nothing else. */
export function schemaAnswer({ type, text, references, metadata, ruleSet }: StoredVersion): object {
  return {
    ...(type === 'AVRO' ? {} : { schemaType: type }),
    ...(references.length === 0 ? {} : { references }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(ruleSet === undefined ? {} : { ruleSet }),
    schema: text,
  }
}

export function versionAnswer(stored: StoredVersion): object {
  const { subject, version, id } = stored
  return { subject, version, id, ...schemaAnswer(stored) }
}
