import type { Logger } from '@sluice/sdk'
import type { FetcherOptions } from '../port.ts'

/** Keys or values of a table as bytes, and back. What cannot be read is thrown. */
export interface TableCodec<T> {
  /** The same key must always be the same bytes: they are its identity in the topic. */
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}

/** Keys and values as the bytes they are. */
export const bytesCodec: TableCodec<Uint8Array> = { encode: (bytes) => bytes, decode: (bytes) => bytes }

/** UTF-8. Bytes that are not UTF-8 cannot be read. */
export const textCodec: TableCodec<string> = {
  encode: (text) => Buffer.from(text, 'utf8'),
  decode: (bytes) => new TextDecoder('utf-8', { fatal: true }).decode(bytes),
}

/** JSON in UTF-8, objects with their keys in the order they have. The type is the caller's word. */
export function jsonCodec<T>(): TableCodec<T> {
  return {
    encode: (value) => Buffer.from(JSON.stringify(value), 'utf8'),
    decode: (bytes) => JSON.parse(textCodec.decode(bytes)) as T,
  }
}

export interface TopicTableOptions {
  readonly topic: string
  /** Partitions to create the topic with if it is missing; default 1. An existing topic keeps its own; it must not grow. */
  readonly partitions?: number
  /** Default -1: the broker's. */
  readonly replicationFactor?: number
  /** Settings of the topic beside `cleanup.policy=compact`. */
  readonly configs?: Readonly<Record<string, string>>
  /** Default `read_uncommitted`. */
  readonly isolation?: NonNullable<FetcherOptions['isolation']>
  /** How long `open` and `caughtUp` wait for the end of the topic. Default 60,000. */
  readonly timeoutMs?: number
  /**
   * What becomes of a record that is no row: without a key, with a key or value that cannot be decoded, or of a key that another
   * partition has too. `fail` (default): the table is of no use from there on, and says so with topic, partition and offset.
   * `skip`: it is logged and counted; a value that cannot be decoded leaves its key without a value, for every reader alike.
   */
  readonly garbage?: 'fail' | 'skip'
  readonly logger?: Logger
}

export interface TypedTableOptions<K, V> extends TopicTableOptions {
  readonly key: TableCodec<K>
  readonly value: TableCodec<V>
}

/** One entry to write: a null value deletes the key. */
export interface TableChange<K = Uint8Array, V = Uint8Array> {
  readonly key: K
  readonly value: V | null
}

/** One entry as it stands. */
export interface TableEntry<K = Uint8Array, V = Uint8Array> {
  readonly key: K
  readonly value: V
}

export type TableListener<K = Uint8Array, V = Uint8Array> = (change: TableChange<K, V>) => void

/** A key to look for; where keys are bytes, text stands for its UTF-8 bytes. */
export type TableKey<K> = K extends Uint8Array ? K | string : K

/** What was read of a topic. */
export interface TableFigures {
  /** Records, tombstones and garbage included. */
  readonly records: number
  /** Of keys, values and headers, decompressed. */
  readonly bytes: number
  /** Records that were no rows. */
  readonly garbage: number
}

/** What it took to open a table. */
export interface TableStart extends TableFigures {
  readonly ms: number
  /** Keys with a value at the end of it. */
  readonly keys: number
}
