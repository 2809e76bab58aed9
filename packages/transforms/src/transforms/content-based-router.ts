/** Debezium's ContentBasedRouter: an expression decides where a record goes to. */
import { DataError, defineSettings } from '@sluice/sdk'
import type { TransformPlugin } from '@sluice/sdk'
import { compileExpression } from '../expression/expression.ts'
import { asked, scripted } from '../expression/scripted.ts'

const settings = defineSettings({
  ...scripted,
  'topic.expression': {
    type: 'string',
    importance: 'high',
    documentation: "The topic to send to, or null for the one it has, such as value.op == 'u' ? 'updates' : null.",
  },
})

export const contentBasedRouter: TransformPlugin = {
  name: 'content-based-router',
  aliases: ['io.debezium.transforms.ContentBasedRouter', 'ContentBasedRouter'],
  documentation: 'Another topic by an expression.',
  settings: settings,
  create(raw) {
    const parsed = settings.parse(raw)
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
