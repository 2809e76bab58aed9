/** Kafka Connect's RegexRouter: another topic by pattern and replacement. */
import { defineSettings } from '@sluice/sdk'
import type { Transform, TransformPlugin } from '@sluice/sdk'
import { javaRegex, javaReplacement, validRegex } from '../java-regex.ts'
import { javaNames } from '../record-side.ts'

const settings = defineSettings({
  regex: {
    type: 'string',
    validator: validRegex,
    importance: 'high',
    documentation: 'A Java regular expression for the whole name of the topic; other topics stay as they are.',
  },
  replacement: {
    type: 'string',
    importance: 'high',
    documentation: 'What takes the place of the first match, with $1 or ${name} for groups.',
  },
})

export const regexRouter: TransformPlugin = {
  name: 'regex-router',
  aliases: javaNames('RegexRouter'),
  documentation: 'Another topic by pattern and replacement.',
  settings,
  create(raw) {
    const parsed = settings.parse(raw)
    const regex = javaRegex(parsed.regex)
    const replace = javaReplacement(regex, parsed.replacement)
    let last = ''
    let lastRouted = ''
    const transform: Transform = (record) => {
      const { topic } = record
      if (topic !== last) {
        lastRouted = regex.whole.test(topic) ? replace(topic) : topic
        last = topic
      }
      return lastRouted === topic ? record : { ...record, topic: lastRouted }
    }
    return transform
  },
}
