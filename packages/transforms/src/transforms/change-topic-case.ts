/** ChangeTopicCase of kafka-connect-transform-common: topics by another convention for names of several words. */
import { defineSettings, oneOf } from '@sluice/sdk'
import type { Transform, TransformPlugin } from '@sluice/sdk'
import { CUSTENBORDER, javaNamesIn } from '../record-side.ts'

const CONVENTIONS = ['LOWER_CAMEL', 'LOWER_HYPHEN', 'LOWER_UNDERSCORE', 'UPPER_CAMEL', 'UPPER_UNDERSCORE'] as const

type Convention = (typeof CONVENTIONS)[number]

const settings = defineSettings({
  from: {
    type: 'string',
    validator: oneOf(...CONVENTIONS),
    importance: 'high',
    documentation: 'How topics are called: lowerCamel, lower-hyphen, lower_underscore, UpperCamel or UPPER_UNDERSCORE.',
  },
  to: {
    type: 'string',
    validator: oneOf(...CONVENTIONS),
    importance: 'high',
    documentation: 'How they are to be called.',
  },
})

export const changeTopicCase: TransformPlugin = {
  name: 'change-topic-case',
  aliases: javaNamesIn([CUSTENBORDER], 'ChangeTopicCase'),
  documentation: 'Topics by another convention for names of several words: ORDER_LINES becomes orderLines.',
  settings,
  create(raw) {
    const { from, to } = settings.parse(raw)
    let [last, lastNamed] = ['', '']
    const transform: Transform = (record) => {
      const { topic } = record
      if (topic !== last) [last, lastNamed] = [topic, from === to ? topic : named(wordsOf(topic, from), to)]
      return lastNamed === topic ? record : { ...record, topic: lastNamed }
    }
    return transform
  },
}

function wordsOf(topic: string, from: Convention): readonly string[] {
  if (from === 'LOWER_HYPHEN') return topic.split('-')
  return topic.split(from.endsWith('CAMEL') ? /(?=[A-Z])/ : '_')
}

function named(words: readonly string[], to: Convention): string {
  switch (to) {
    case 'LOWER_HYPHEN':
      return words.join('-').toLowerCase()
    case 'LOWER_UNDERSCORE':
      return words.join('_').toLowerCase()
    case 'UPPER_UNDERSCORE':
      return words.join('_').toUpperCase()
    case 'LOWER_CAMEL':
      return words.map((word, at) => (at === 0 ? word.toLowerCase() : capital(word))).join('')
    case 'UPPER_CAMEL':
      break
  }
  return words.map(capital).join('')
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase()
}
