/**
 * What waits in a buffer (`suppress`, stream-table join with grace), on its changelog: the context of the record, the value before the
 * first change that waits, the old and the new value, and the buffer's time.
 */

import { DataError, type RawHeader } from '@sluice/sdk'
import type { BufferedContext } from '../stores.ts'
import { readInt, readLong, writeLong } from './longs.ts'

export interface BufferValue {
  readonly context: BufferedContext
  readonly priorValue: Uint8Array | null
  readonly oldValue: Uint8Array | null
  readonly newValue: Uint8Array | null
}

/** The header that says which format a suppression's record has. */
export const SUPPRESSION_HEADERS: readonly RawHeader[] = Object.freeze([{ key: 'v', value: Uint8Array.of(3) }])

const NULL = -1
/** Instead of the old value's length: it is the prior value once more. */
const SAME_AS_PRIOR = -2
/** Three times of 8, and six numbers of 4: two lengths before, and three of values. */
const FIXED_BYTES = 3 * 8 + 6 * 4

/** Time, offset, topic, partition, headers; prior, old and new value, each with its length before it; the buffer's time. */
export function writeBufferValue(value: BufferValue, time: number): Buffer {
  const { context, priorValue, oldValue, newValue } = value
  const isSame = oldValue !== null && priorValue !== null && Buffer.compare(oldValue, priorValue) === 0
  const headers = context.headers ?? []
  const topic = bytesOfTopic(context.topic)
  let length =
    FIXED_BYTES + topic.length + lengthOf(priorValue) + (isSame ? 0 : lengthOf(oldValue)) + lengthOf(newValue)
  for (const header of headers) length += 8 + Buffer.byteLength(header.key) + lengthOf(header.value)
  const bytes = Buffer.allocUnsafe(length)
  let at = writeLong(bytes, context.timestamp, 0)
  at = writeLong(bytes, context.offset, at)
  at = writeSized(bytes, topic, at)
  at = bytes.writeInt32BE(context.partition, at)
  at = bytes.writeInt32BE(headers.length, at)
  for (const header of headers) {
    const keyLength = Buffer.byteLength(header.key)
    at = bytes.writeInt32BE(keyLength, at)
    at += bytes.write(header.key, at)
    at = writeSized(bytes, header.value, at)
  }
  at = writeSized(bytes, priorValue, at)
  at = isSame ? bytes.writeInt32BE(SAME_AS_PRIOR, at) : writeSized(bytes, oldValue, at)
  at = writeSized(bytes, newValue, at)
  writeLong(bytes, time, at)
  return bytes
}

let lastTopic = ''
let lastTopicBytes = Buffer.alloc(0)

/** Many in a row are of the same one. */
function bytesOfTopic(topic: string): Buffer {
  if (topic !== lastTopic) {
    lastTopicBytes = Buffer.from(topic)
    lastTopic = topic
  }
  return lastTopicBytes
}

/** @throws DataError */
export function readBufferValue(bytes: Uint8Array): BufferValue & { readonly time: number } {
  const reader = new Reader(bytes)
  const timestamp = reader.long()
  const offset = reader.long()
  const topic = text(reader.sized())
  const partition = reader.int()
  const headers: RawHeader[] = []
  for (let left = reader.int(); left > 0; left--) headers.push({ key: text(reader.sized()), value: reader.sized() })
  const priorValue = reader.sized()
  const oldValue = reader.sized(priorValue)
  const newValue = reader.sized()
  const context = { topic, partition, offset, timestamp, headers: headers.length === 0 ? null : headers }
  return { context, priorValue, oldValue, newValue, time: reader.long() }
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  int(): number {
    return readInt(this.#bytes, this.#next(4))
  }

  long(): number {
    return readLong(this.#bytes, this.#next(8))
  }

  sized(prior: Uint8Array | null = null): Uint8Array | null {
    const length = this.int()
    if (length === NULL) return null
    if (length === SAME_AS_PRIOR) return prior
    if (length < 0) throw new DataError(`A buffered record has a value of ${length} bytes`)
    const at = this.#next(length)
    return this.#bytes.subarray(at, at + length)
  }

  #next(length: number): number {
    const at = this.#at
    this.#at += length
    if (this.#at > this.#bytes.length) throw new DataError('A buffered record is cut off')
    return at
  }
}

function lengthOf(bytes: Uint8Array | null): number {
  return bytes === null ? 0 : bytes.length
}

function writeSized(bytes: Buffer, value: Uint8Array | null, at: number): number {
  const start = bytes.writeInt32BE(value === null ? NULL : value.length, at)
  if (value === null) return start
  bytes.set(value, start)
  return start + value.length
}

function text(bytes: Uint8Array | null): string {
  return bytes === null ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}
