/**
 * The text that Kafka Streams commits with an offset: how far time had come in the partition, and what operators keep there (the
 * last window that emit-on-close emitted). Base64 of a version (2), the time (8), and, where there is any, the count (4) and per
 * operator the name of its store and up to when it has closed windows (8).
 */

import { DataError } from '@sluice/sdk'
import { readInt, readLong, writeLong } from './longs.ts'

export interface OffsetMetadata {
  /** -1: none yet. */
  readonly partitionTime: number
  /** By name of the operator's store. */
  readonly processors: ReadonlyMap<string, number>
}

const VERSION = 2
const TIME_BYTES = 9

export function writeOffsetMetadata({ partitionTime, processors }: OffsetMetadata): string {
  const head = Buffer.allocUnsafe(processors.size === 0 ? TIME_BYTES : TIME_BYTES + 4)
  head[0] = VERSION
  writeLong(head, partitionTime, 1)
  if (processors.size === 0) return head.toString('base64')
  head.writeInt32BE(processors.size, TIME_BYTES)
  const parts = [head]
  for (const [name, time] of processors) {
    const text = Buffer.from(name)
    const part = Buffer.allocUnsafe(4 + text.length + 8)
    part.set(text, part.writeInt32BE(text.length, 0))
    writeLong(part, time, 4 + text.length)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('base64')
}

/** @throws DataError for a text that is none; an empty one says nothing and is no error */
export function readOffsetMetadata(text: string): OffsetMetadata {
  if (text === '') return { partitionTime: -1, processors: new Map() }
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length < TIME_BYTES || bytes[0]! < 1 || bytes[0]! > VERSION)
    throw new DataError(`“${text}” is not what Kafka Streams commits with an offset`)
  const processors = new Map<string, number>()
  let at = TIME_BYTES + 4
  for (let left = bytes.length < at ? 0 : readInt(bytes, TIME_BYTES); left > 0; left--) {
    const end = at + 4 + (at + 4 > bytes.length ? Infinity : readInt(bytes, at))
    if (!(end >= at + 4 && end + 8 <= bytes.length)) throw new DataError(`“${text}” is cut off`)
    processors.set(bytes.toString('utf8', at + 4, end), readLong(bytes, end))
    at = end + 8
  }
  return { partitionTime: readLong(bytes, 1), processors }
}
