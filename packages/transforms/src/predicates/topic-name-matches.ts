/** Kafka Connect's TopicNameMatches: whether the whole name of a record's topic matches a pattern. */
import { allOf, defineSettings, nonEmptyString } from '@sluice/sdk'
import type { PredicatePlugin } from '@sluice/sdk'
import { javaRegex, validRegex } from '../java-regex.ts'
import { javaNames } from '../record-side.ts'

const settings = defineSettings({
  pattern: {
    type: 'string',
    validator: allOf(nonEmptyString, validRegex),
    importance: 'medium',
    documentation: 'A Java regular expression for the whole name.',
  },
})

export const topicNameMatches: PredicatePlugin = {
  name: 'topic-name-matches',
  aliases: javaNames('TopicNameMatches', 'predicates.'),
  documentation: 'Whether the whole name of a record’s topic matches a pattern.',
  settings,
  create(raw) {
    const { whole } = javaRegex(settings.parse(raw).pattern)
    return (record) => whole.test(record.topic)
  },
}
