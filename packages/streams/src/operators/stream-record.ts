import { DataError, type RawHeader } from '@sluice/sdk'
import { isTime } from '../record-time.ts'

/** Kafka Streams' `FixedKeyRecord`: what `processValues` gives and takes. The key stays; all else is changed by a copy. */
export class FixedKeyRecord<out K, out V> {
  readonly key: K
  readonly value: V
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly headers: readonly RawHeader[] | null

  /** @throws DataError for a time that is none, and for headers whose values are no bytes */
  constructor(key: K, value: V, timestamp: number, headers: readonly RawHeader[] | null = null) {
    this.key = key
    this.value = value
    this.timestamp = checkedTime(timestamp)
    this.headers = checkedHeaders(headers)
  }

  withValue<W>(value: W): FixedKeyRecord<K, W> {
    return new FixedKeyRecord(this.key, value, this.timestamp, this.headers)
  }

  withTimestamp(timestamp: number): FixedKeyRecord<K, V> {
    return new FixedKeyRecord(this.key, this.value, timestamp, this.headers)
  }

  withHeaders(headers: readonly RawHeader[] | null): FixedKeyRecord<K, V> {
    return new FixedKeyRecord(this.key, this.value, this.timestamp, headers)
  }
}

/** Kafka Streams' `Record` of the Processor API (that name is TypeScript's own). Immutable: `with…` makes a copy. */
export class StreamRecord<out K, out V> {
  readonly key: K
  readonly value: V
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly headers: readonly RawHeader[] | null

  /** @throws DataError for a time that is none, and for headers whose values are no bytes */
  constructor(key: K, value: V, timestamp: number, headers: readonly RawHeader[] | null = null) {
    this.key = key
    this.value = value
    this.timestamp = checkedTime(timestamp)
    this.headers = checkedHeaders(headers)
  }

  withKey<L>(key: L): StreamRecord<L, V> {
    return new StreamRecord(key, this.value, this.timestamp, this.headers)
  }

  withValue<W>(value: W): StreamRecord<K, W> {
    return new StreamRecord(this.key, value, this.timestamp, this.headers)
  }

  withTimestamp(timestamp: number): StreamRecord<K, V> {
    return new StreamRecord(this.key, this.value, timestamp, this.headers)
  }

  withHeaders(headers: readonly RawHeader[] | null): StreamRecord<K, V> {
    return new StreamRecord(this.key, this.value, this.timestamp, headers)
  }
}

/** What is no text, or no bytes, would be refused by the producer, with others on their way; a text would be written as zeros. */
function checkedHeaders(headers: readonly RawHeader[] | null): readonly RawHeader[] | null {
  if (headers === null) return null
  for (const { key, value } of headers)
    if (typeof key !== 'string' || !(value === null || ArrayBuffer.isView(value)))
      throw new DataError(`A header has a text, and bytes or null: this has a ${typeof key}, and a ${typeof value}`)
  return headers
}

/** Written into a log, a time that is none would be any, and what goes by time behind it would go wrong. */
function checkedTime(timestamp: number): number {
  if (isTime(timestamp)) return timestamp
  throw new DataError(
    `A record cannot have the time ${timestamp}: it is milliseconds since the epoch, without a fraction`,
  )
}
