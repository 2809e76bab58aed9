/** Debezium's PartitionRouting: the partition of a change event by some of its fields. */
import { atLeast, defineSettings, oneOfIgnoringCase } from '@sluice/sdk'
import type { ConnectRecord, Transform, TransformPlugin } from '@sluice/sdk'
import { changeEvent, debeziumNames } from '../change-event.ts'
import type { ChangeEvent } from '../change-event.ts'
import { javaHash, murmurHash } from '../java-hash.ts'
import { fieldReader } from '../nested-field.ts'
import { someNames } from '../shared-settings.ts'

const settings = defineSettings({
  'partition.payload.fields': {
    type: 'list',
    validator: someNames,
    importance: 'high',
    documentation:
      'The fields that decide, such as after.id or source.table; change.id is that of after, or of before if the row is deleted. Fields that are missing or null do not count.',
  },
  'partition.topic.num': {
    type: 'int',
    validator: atLeast(1),
    importance: 'high',
    documentation: 'How many partitions the topic has. A predicate tells topics of different numbers apart.',
  },
  'partition.hash.function': {
    type: 'string',
    default: 'java',
    validator: oneOfIgnoringCase('java', 'murmur'),
    importance: 'low',
    documentation: 'The hash of the fields: Java’s own, or MurmurHash3, which spreads better.',
  },
})

const MAX_INT = 0x7fffffff

export const partitionRouting: TransformPlugin = {
  name: 'partition-routing',
  aliases: debeziumNames('PartitionRouting', 'partitions.'),
  documentation: 'The partition of a change event by some of its fields.',
  settings,
  create(raw) {
    const parsed = settings.parse(raw)
    const readers = parsed['partition.payload.fields'].map(eventField)
    const partitions = parsed['partition.topic.num']
    const hashOf = parsed['partition.hash.function'].toLowerCase() === 'murmur' ? murmurHash : javaHash
    const transform: Transform = (record) => {
      const event = changeEvent(record)
      if (event === undefined || event.op === 't' || event.op === 'm') return record
      let sum = 0
      let isFound = false
      for (const read of readers) {
        const { schema, value } = read(event)
        if (value === null) continue
        sum = (sum + hashOf(schema, value)) | 0
        isFound = true
      }
      if (!isFound) return record
      const positive = sum & MAX_INT
      return inPartition(record, (positive === MAX_INT ? 0 : positive) % partitions)
    }
    return transform
  },
}

function inPartition<R extends ConnectRecord>(record: R, partition: number): R {
  return (record as { readonly partition?: number | null }).partition === partition ? record : { ...record, partition }
}

/** Reads a field of the envelope, in which `change` stands for the row that there is. */
function eventField(path: string): (event: ChangeEvent) => ReturnType<ReturnType<typeof fieldReader>> {
  const steps = path.split('.').map((step) => step.trim())
  const isOfChange = steps.length > 1 && steps[0] === 'change'
  const [ofAfter, ofBefore] = ['after', 'before'].map((row) =>
    fieldReader(isOfChange ? [row, ...steps.slice(1)] : steps),
  )
  return ({ schema, value, op }) => (op === 'd' ? ofBefore : ofAfter)!(schema, value)
}
