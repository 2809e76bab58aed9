/** Kafka Connect's TimestampRouter: another topic by the record's timestamp. */
import { DataError, defineSettings } from '@sluice/sdk'
import type { Transform, TransformPlugin } from '@sluice/sdk'
import { dateFormat } from '../date-format/format-date.ts'
import { javaNames } from '../record-side.ts'

const settings = defineSettings({
  'topic.format': {
    type: 'string',
    default: '${topic}-${timestamp}',
    importance: 'high',
    documentation: 'The new name, with ${topic} for the old one and ${timestamp} for the time.',
  },
  'timestamp.format': {
    type: 'string',
    default: 'yyyyMMdd',
    importance: 'high',
    documentation: "How the time is written: a pattern of Java's SimpleDateFormat, in UTC.",
  },
})

export const timestampRouter: TransformPlugin = {
  name: 'timestamp-router',
  aliases: javaNames('TimestampRouter'),
  documentation: 'Another topic by the record’s timestamp.',
  settings,
  create(raw) {
    const { 'topic.format': topicFormat, 'timestamp.format': timestampFormat } = settings.parse(raw)
    const format = dateFormat(timestampFormat)
    const transform: Transform = (record) => {
      if (record.timestamp === null)
        throw new DataError('Timestamp missing on record', {
          remedy: 'Let the source set timestamps, or set a predicate that leaves such records out.',
        })
      const topic = topicFormat
        .replaceAll('${topic}', () => record.topic)
        .replaceAll('${timestamp}', format(record.timestamp))
      return topic === record.topic ? record : { ...record, topic }
    }
    return transform
  },
}
