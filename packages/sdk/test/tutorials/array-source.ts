import { atLeast, defineSettings, defineSource, primitive, SluiceError } from '@sluice/sdk'

const settings = defineSettings({
  topic: { type: 'string', importance: 'high', documentation: 'The topic to write to.' },
  items: { type: 'list', importance: 'high', documentation: 'What to write, separated by commas.' },
  'batch.size': {
    type: 'int',
    default: 500,
    validator: atLeast(1),
    importance: 'low',
    documentation: 'Items per poll.',
  },
})

const ITEM = primitive('string')
const PARTITION = { source: 'array' }

export default defineSource({
  name: 'array',
  version: '1.0.0',
  documentation: 'Writes the items of a list to a topic.',
  settings,
  createTask({ topic, items, 'batch.size': batchSize }, context) {
    let next = 0
    return {
      async start() {
        const stored = await context.position(PARTITION)
        if (stored === null) return
        if (typeof stored['next'] !== 'number')
          throw new SluiceError('POSITION_UNREADABLE', `Not a position of an array: ${JSON.stringify(stored)}`, {
            remedy: 'Delete the stored position; reading then begins with the first item.',
          })
        next = stored['next']
      },

      async poll() {
        const from = next
        next = Math.min(items.length, from + batchSize)
        return items.slice(from, next).map((value, i) => {
          const plain = { topic, partition: null, keySchema: null, key: null, timestamp: null, headers: null }
          const place = { sourcePartition: PARTITION, sourcePosition: { next: from + i + 1 } }
          return { ...plain, ...place, valueSchema: ITEM, value }
        })
      },

      async stop() {},
    }
  },
})
