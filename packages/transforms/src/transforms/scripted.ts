/** Debezium's Filter and ContentBasedRouter: an expression decides whether a record goes on, or where to. */
import { DataError, defineSettings, oneOf, SluiceError } from '@sluice/sdk'
import type { ConnectRecord, RawSettings, Transform, TransformPlugin } from '@sluice/sdk'
import { compileExpression, isTrue } from '../expression/expression.ts'
import { javaRegex, validRegex } from '../java-regex.ts'

const shared = {
  language: {
    type: 'string',
    default: 'jsr223.groovy',
    importance: 'high',
    documentation:
      'jsr223.groovy or jsr223.graal.js. There is no script engine: what these two write alike for one expression is understood.',
  },
  'null.handling.mode': {
    type: 'string',
    default: 'keep',
    validator: oneOf('keep', 'drop', 'evaluate'),
    importance: 'medium',
    documentation:
      'What becomes of records whose value is null: they stay as they are, are dropped, or asked about like others.',
  },
  'topic.regex': {
    type: 'string',
    default: '',
    validator: validRegex,
    importance: 'medium',
    documentation:
      'A Java regular expression for the topics that are asked about; records of others stay as they are. Empty: all.',
  },
} as const

const filterSettings = defineSettings({
  ...shared,
  condition: {
    type: 'string',
    importance: 'high',
    documentation: "What must be true of a record that goes on, such as value.op == 'u' && value.before.id == 2.",
  },
})

const routerSettings = defineSettings({
  ...shared,
  'topic.expression': {
    type: 'string',
    importance: 'high',
    documentation: "The topic to send to, or null for the one it has, such as value.op == 'u' ? 'updates' : null.",
  },
})

/** Only by its full Java name and by ours: `Filter` alone is Kafka Connect's. */
export const contentFilter: TransformPlugin = {
  name: 'content-filter',
  aliases: ['io.debezium.transforms.Filter'],
  documentation: 'Lets those records pass of which an expression is true.',
  settings: filterSettings,
  create(raw) {
    const parsed = filterSettings.parse(raw)
    const condition = compileExpression(parsed.condition, 'condition')
    return asked(raw, parsed, (record) => (isTrue(condition(record)) ? record : null))
  },
}

export const contentBasedRouter: TransformPlugin = {
  name: 'content-based-router',
  aliases: ['io.debezium.transforms.ContentBasedRouter', 'ContentBasedRouter'],
  documentation: 'Another topic by an expression.',
  settings: routerSettings,
  create(raw) {
    const parsed = routerSettings.parse(raw)
    const expression = compileExpression(parsed['topic.expression'], 'topic.expression')
    return asked(raw, parsed, (record) => {
      const topic = expression(record)
      if (topic === null || topic === record.topic) return record
      if (typeof topic === 'string' && topic !== '') return { ...record, topic }
      throw new DataError(
        `Expected the name of a topic, found ${typeof topic === 'string' ? 'an empty text' : typeof topic}`,
      )
    })
  },
}

type Shared = Pick<ReturnType<typeof filterSettings.parse>, 'language' | 'null.handling.mode' | 'topic.regex'>

/** Asks about those records that are to be asked about. */
function asked(raw: RawSettings, parsed: Shared, ask: Transform): Transform {
  if (!parsed.language.startsWith('jsr223.'))
    throw new SluiceError(
      'SETTINGS_INVALID',
      `Invalid value ${raw['language']} for configuration language: not jsr223.…`,
      {
        remedy: 'Set language to jsr223.groovy or jsr223.graal.js.',
      },
    )
  const regex = parsed['topic.regex'] === '' ? null : javaRegex(parsed['topic.regex'])
  const nulls = parsed['null.handling.mode']
  return <R extends ConnectRecord>(record: R): R | null => {
    if (regex !== null && !regex.whole.test(record.topic)) return record
    if (record.value === null && nulls !== 'evaluate') return nulls === 'keep' ? record : null
    return ask(record)
  }
}
