import { DataError } from '@sluice/sdk'
import type { SinkRecord } from '@sluice/sdk'
import { pathFormat } from './path-format.ts'
import { fieldOfRecord } from './record-field.ts'
import type { FolderTime } from './late-records.ts'
import { instantOfLocal, zoneOffset } from './zone-offset.ts'

/** The folder of a record below its topic's, without slashes at its ends. @throws DataError when the record does not say */
export type Partitioner = (record: SinkRecord) => string

/** Confluent's DefaultPartitioner: by Kafka's partition. */
export const byKafkaPartition: Partitioner = (record) => `partition=${record.originalPartition}`

/** Confluent's FieldPartitioner: `name=value` of each field, one below the other; the value alone when `isNamed` is false. */
export function byFields(names: readonly string[], delimiter: string, isNamed: boolean): Partitioner {
  return (record) =>
    names
      .map((name) => {
        const { value } = fieldOfRecord(record, name)
        if (
          typeof value !== 'string' &&
          typeof value !== 'number' &&
          typeof value !== 'bigint' &&
          typeof value !== 'boolean'
        )
          throw new DataError(
            `The field ${name} cannot name a folder: it is ${value === null ? 'null' : 'no single value'}`,
            {
              place: {
                topic: record.originalTopic,
                partition: record.originalPartition,
                offset: record.originalOffset,
                field: name,
              },
              remedy: 'Name fields in partition.field.name that hold a text, a number or a boolean in every record.',
            },
          )
        return isNamed ? `${name}=${String(value)}` : String(value)
      })
      .join(delimiter)
}

export interface TimeFolders {
  /** `path.format` */
  readonly pattern: string
  /** `partition.duration.ms`: times within one such span have one folder. */
  readonly durationMs: number
  readonly locale: string
  readonly timezone: string
}

/** The folder of late records that stand apart. */
const LATE = 'late'

/**
 * Confluent's TimeBasedPartitioner: the record's time, cut off to the span in local time, written by the pattern.
 * @throws RangeError for a pattern, locale or zone that is none
 */
export function byTime({ pattern, durationMs, locale, timezone }: TimeFolders, timeOf: FolderTime): Partitioner {
  const format = pathFormat(pattern, locale)
  const offsetAt = zoneOffset(timezone)
  let last: { readonly slot: number; readonly folder: string } | undefined
  return (record) => {
    const instant = timeOf(record)
    if (instant === null) return LATE
    const slot = Math.trunc((instant + offsetAt(instant)) / durationMs)
    if (last?.slot === slot) return last.folder
    const begin = instantOfLocal(slot * durationMs, offsetAt)
    const folder = format.format(begin + offsetAt(begin))
    last = { slot, folder }
    return folder
  }
}
