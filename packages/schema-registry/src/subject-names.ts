import { DataError, SluiceError } from '@sluice/sdk'

/** Under which subject the schema of one side of a topic's records is registered. `recordName`: the schema's full name, if it has one. */
export type SubjectNameStrategy = (topic: string, side: 'key' | 'value', recordName: string | null) => string

const STRATEGIES: Readonly<Record<string, SubjectNameStrategy>> = {
  TopicNameStrategy: (topic, side) => `${topic}-${side}`,
  RecordNameStrategy: (topic, side, recordName) => named(topic, side, recordName),
  TopicRecordNameStrategy: (topic, side, recordName) => `${topic}-${named(topic, side, recordName)}`,
}

/** Their simple names; Java's names are these behind `io.confluent.kafka.serializers.subject.`. */
export const SUBJECT_NAME_STRATEGIES: readonly string[] = Object.keys(STRATEGIES)

const JAVA_PACKAGES = ['io.confluent.kafka.serializers.subject.', 'io.confluent.kafka.serializers.subject.strategy.']

/**
 * A strategy by its simple name or the name of its Java class (`key.subject.name.strategy`, `value.subject.name.strategy`).
 * @throws SluiceError SETTINGS_INVALID
 */
export function subjectNameStrategy(name: string): SubjectNameStrategy {
  const prefix = JAVA_PACKAGES.find((start) => name.startsWith(start)) ?? ''
  const simple = name.slice(prefix.length)
  if (Object.hasOwn(STRATEGIES, simple)) return STRATEGIES[simple]!
  throw new SluiceError('SETTINGS_INVALID', `'${name}' is no strategy for the names of subjects`, {
    remedy: `Use one of ${SUBJECT_NAME_STRATEGIES.join(', ')}.`,
  })
}

function named(topic: string, side: 'key' | 'value', recordName: string | null): string {
  if (recordName !== null && recordName !== '') return recordName
  throw new DataError(`The ${side} has no record name to register its schema under`, {
    place: { topic },
    remedy: 'Give the schema a name, or use TopicNameStrategy.',
  })
}
