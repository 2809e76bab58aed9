/** How a run ends before a record. */
import { DataError, SluiceError, type TopicPartition } from '@sluice/sdk'
import { isTime } from '../record-time.ts'
import type { RecordContext, RecordPlace } from './record-context.ts'

/** For messages, and for who looks it up. */
export function nameOfRecord({ topic, partition, offset }: RecordPlace): string {
  return `${topic}-${partition}@${offset}`
}

/**
 * The end of the run: before the record under way, or in a punctuator. `from`: the record's partition, where the context is that of another
 * one, which is let go.
 */
export function failed(at: RecordContext, error: unknown, from: TopicPartition | null = null): SluiceError {
  const { stage, node, records, index } = at
  const own =
    records === null ? null : { ...placeOf(from ?? at), offset: from === null ? at.offset : records.offset(index) }
  const letGo = at.topic === '' || (own !== null && nameOfRecord(own) === nameOfRecord(at)) ? null : nameOfRecord(at)
  const what = own === null ? 'What a punctuator does failed' : `A record failed in stage ${stage}`
  return new SluiceError('TASK_FAILED', what, {
    cause: error,
    place: { ...own, ...(letGo === null ? {} : { letGo }), ...(node === '' ? {} : { node }) },
    remedy:
      'Mend the processor or the record, or let such records be diverted: set the exception handler of this stage to quarantine.',
  })
}

function placeOf({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition }
}

/** Kafka Streams' FailOnInvalidTimestamp: what time it belongs to nobody knows. @throws DataError */
export function refuseTimeless({
  topic,
  partition,
  offset,
  timestamp,
}: RecordPlace & Pick<RecordContext, 'timestamp'>): void {
  if (isTime(timestamp)) return
  const what = timestamp < 0 ? 'no timestamp' : `the timestamp ${timestamp}, which is no time in milliseconds`
  throw new DataError(`A record has ${what}`, {
    place: { topic, partition, offset },
    remedy: 'Give the source a timestampExtractor that finds a time, or let whoever writes the topic set one.',
  })
}
