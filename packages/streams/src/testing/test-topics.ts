import type { ProducerRecord } from '@sluice/kafka'
import type { RawHeader, Value } from '@sluice/sdk'
import type { Deserializer, Serializer, Side } from '../serde.ts'

/** What a test may say of a record besides key and value. */
export interface PipedFacts {
  /** Milliseconds since the epoch. Default: the driver's time. */
  readonly timestamp?: number
  readonly headers?: readonly RawHeader[]
}

/** A record that came out, decoded. */
export interface TestRecord<K, V> {
  readonly key: K | null
  readonly value: V | null
  readonly timestamp: number
  readonly headers: readonly RawHeader[]
}

export type PipeBytes = (key: Uint8Array | null, value: Uint8Array | null, facts: PipedFacts) => void

/** A time for records that are piped without one. */
export interface InputTime {
  /** Of the first record, in milliseconds since the epoch. */
  readonly startTimestamp: number
  /** How much later each record is than the one before. */
  readonly autoAdvanceMs?: number
}

/** Puts records into a source topic. */
export class TestInputTopic<K, V> {
  readonly topic: string
  readonly #key: Serializer<K>
  readonly #value: Serializer<V>
  readonly #pipe: PipeBytes
  readonly #autoAdvance: number
  /** The next record's time; null: the driver's. */
  #time: number | null

  /** For the driver. */
  constructor(topic: string, key: Serializer<K>, value: Serializer<V>, pipe: PipeBytes, time: InputTime | null = null) {
    this.topic = topic
    this.#key = key
    this.#value = value
    this.#pipe = pipe
    this.#time = time === null ? null : time.startTimestamp
    this.#autoAdvance = time?.autoAdvanceMs ?? 0
  }

  /** Moves the time of records to come on. @throws Error for a topic that was created without a start timestamp */
  advanceTime(ms: number): void {
    checkForwards(ms)
    if (this.#time === null) throw new Error(`Topic ${this.topic} has no time of its own: give a startTimestamp`)
    this.#time += ms
  }

  /**
   * Processes one record to its end. `at`: its time, or what else is to be said of it.
   * @throws SluiceError when it stops the topology (GATE_HALTED, TASK_FAILED)
   */
  pipeInput(key: K | null, value: V | null, at: PipedFacts | number = {}): void {
    const facts = typeof at === 'number' ? { timestamp: at } : at
    const timed = this.#time === null || facts.timestamp !== undefined ? facts : { ...facts, timestamp: this.#time }
    if (timed !== facts) this.#time! += this.#autoAdvance
    this.#pipe(encodeWith(this.topic, this.#key, key), encodeWith(this.topic, this.#value, value), timed)
  }

  /** Records without keys. */
  pipeValueList(values: Iterable<V | null>): void {
    for (const value of values) this.pipeInput(null, value)
  }

  pipeRecordList(records: Iterable<PipedFacts & { readonly key: K | null; readonly value: V | null }>): void {
    for (const { key, value, ...facts } of records) this.pipeInput(key, value, facts)
  }

  pipeKeyValueList(pairs: Iterable<readonly [K | null, V | null]>): void {
    for (const [key, value] of pairs) this.pipeInput(key, value)
  }
}

/** Takes records out of a topic that was written, oldest first. */
export class TestOutputTopic<K, V> {
  readonly topic: string
  readonly #key: Deserializer<K>
  readonly #value: Deserializer<V>
  readonly #queue: ProducerRecord[]

  /** For the driver. */
  constructor(topic: string, key: Deserializer<K>, value: Deserializer<V>, queue: ProducerRecord[]) {
    this.topic = topic
    this.#key = key
    this.#value = value
    this.#queue = queue
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  get queueSize(): number {
    return this.#queue.length
  }

  /** @throws Error when there is none, as in Kafka Streams (NoSuchElementException) */
  readRecord(): TestRecord<K, V> {
    const record = this.#queue.shift()
    if (record === undefined) throw new Error(`Topic ${this.topic} is empty`)
    const headers = record.headers ?? []
    return {
      key: decode(this.topic, this.#key, record.key, headers),
      value: decode(this.topic, this.#value, record.value, headers),
      timestamp: record.timestamp ?? 0,
      headers,
    }
  }

  readValue(): V | null {
    return this.readRecord().value
  }

  readKeyValue(): [K | null, V | null] {
    const { key, value } = this.readRecord()
    return [key, value]
  }

  readRecordsToList(): TestRecord<K, V>[] {
    return Array.from({ length: this.#queue.length }, () => this.readRecord())
  }

  readKeyValuesToList(): [K | null, V | null][] {
    return this.readRecordsToList().map(({ key, value }) => [key, value])
  }

  /** The last value of each key. Keys are one where their bytes are, also those that are objects (windows, JSON, bytes). */
  readKeyValuesToMap(): Map<K | null, V | null> {
    const last = new Map(this.#queue.map(({ key }, i) => [key === null ? null : bytesToText(key), i]))
    const pairs = this.readKeyValuesToList()
    return new Map(Array.from(last.values(), (i) => pairs[i]!))
  }

  readValuesToList(): (V | null)[] {
    return this.readRecordsToList().map(({ value }) => value)
  }
}

/** @throws Error for a step back */
export function checkForwards(ms: number): void {
  if (!(ms >= 0)) throw new Error(`Time cannot be moved on by ${ms} ms`)
}

function bytesToText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

/** The bytes of a key or value. */
export function encodeWith(topic: string, { converter, schema }: Side, value: unknown): Uint8Array | null {
  return value === null ? null : converter.encoder(topic, schema)(value as Value)
}

function decode<T>(
  topic: string,
  { converter }: Deserializer<T>,
  bytes: Uint8Array | null,
  headers: readonly RawHeader[],
): T | null {
  return converter.decode(topic, bytes, headers).value as T | null
}
