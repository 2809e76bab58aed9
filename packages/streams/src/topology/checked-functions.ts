/**
 * The user's functions that say of a record when it was, where it goes and to which partition, with what they say checked: an answer
 * that is none diverts the record, where the log would refuse it only when others are on their way with it.
 */
import { DataError } from '@sluice/sdk'
import { fitsBatch } from '../record-time.ts'
import { isLegalName } from './names.ts'
import type { StreamPartitioner, TimestampExtractor, TopicNameExtractor } from './record-functions.ts'

export function checkedExtractor(extract: TimestampExtractor): TimestampExtractor {
  return (record, key, value, partitionTime) => {
    const timestamp = extract(record, key, value, partitionTime)
    if (fitsBatch(timestamp)) return timestamp
    throw new DataError(`A timestamp extractor answers ${shown(timestamp)}`, {
      remedy: 'Answer milliseconds since the epoch without a fraction, or a negative number to drop the record.',
    })
  }
}

export function checkedChoice(choose: TopicNameExtractor): TopicNameExtractor {
  let known: string | undefined
  const checked: TopicNameExtractor = (key, value, record) => {
    const topic = choose(key, value, record)
    if (topic === known && known !== undefined) return topic
    if (typeof topic !== 'string' || !isLegalName(topic)) {
      throw new DataError(`A topic extractor answers ${shown(topic)}, which is no name of a topic`, {
        remedy: 'Use 1 to 249 ASCII letters, digits, dots, underscores and hyphens.',
      })
    }
    return (known = topic)
  }
  // What describe() prints.
  return Object.defineProperty(checked, 'name', { value: choose.name })
}

export function checkedPartitioner(partitioner: StreamPartitioner): StreamPartitioner {
  return (topic, key, value, partitions) => {
    const chosen = partitioner(topic, key, value, partitions)
    const isPartition = (one: unknown): boolean => Number.isInteger(one) && Number(one) >= 0 && Number(one) < partitions
    if (chosen === null || isPartition(chosen) || (Array.isArray(chosen) && chosen.every(isPartition))) return chosen
    throw new DataError(
      `A partitioner answers ${shown(chosen)} for topic ${topic}, which has ${partitions} partitions`,
      {
        place: { topic },
        remedy: 'Answer the number of a partition, a list of them, an empty list for none, or null for the default.',
      },
    )
  }
}

function shown(answer: unknown): string {
  if (answer instanceof Promise) {
    answer.catch(() => undefined)
    return 'a promise'
  }
  if (answer instanceof Date) return 'a Date'
  return typeof answer === 'number' ? String(answer) : (JSON.stringify(answer) ?? String(answer))
}
