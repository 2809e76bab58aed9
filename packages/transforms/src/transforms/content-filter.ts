/** Debezium's Filter: an expression decides whether a record goes on. */
import { defineSettings } from '@sluice/sdk'
import type { TransformPlugin } from '@sluice/sdk'
import { compileExpression, isTrue } from '../expression/expression.ts'
import { asked, scripted } from '../expression/scripted.ts'

const settings = defineSettings({
  ...scripted,
  condition: {
    type: 'string',
    importance: 'high',
    documentation: "What must be true of a record that goes on, such as value.op == 'u' && value.before.id == 2.",
  },
})

/** Only by its full Java name and by ours: `Filter` alone is Kafka Connect's. */
export const contentFilter: TransformPlugin = {
  name: 'content-filter',
  aliases: ['io.debezium.transforms.Filter'],
  documentation: 'Lets those records pass of which an expression is true.',
  settings: settings,
  create(raw) {
    const parsed = settings.parse(raw)
    const condition = compileExpression(parsed.condition, 'condition')
    return asked(raw, parsed, (record) => (isTrue(condition(record)) ? record : null))
  },
}
