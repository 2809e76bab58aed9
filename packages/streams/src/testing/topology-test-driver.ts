import {
  addTallies,
  checkTally,
  EMPTY_TALLY,
  type FetchedPartition,
  type FetchedRecords,
  type ProducerRecord,
  type Tally,
} from '@sluice/kafka'
import { FakeClock } from '@sluice/sdk/testing'
import type { Scorecard } from '@sluice/quality'
import { systemRandom, type SluiceError } from '@sluice/sdk'
import { gateScores } from '../gate-scores.ts'
import { OutputBatch, bytesOf } from '../record-path/output-batch.ts'
import { StreamTask } from '../record-path/stream-task.ts'
import type { Deserializer, Serializer, Side } from '../serde.ts'
import { bytesSerde } from '../serdes.ts'
import { streamsSettings } from '../streams-settings.ts'
import { taskSettingsOf } from '../take-up.ts'
import type { Topology } from '../topology/topology.ts'
import { TestInputTopic, TestOutputTopic, type PipedFacts } from './test-topics.ts'

export interface TopologyTestDriverOptions {
  /** Settings of the application by their Kafka names; `application.id` is `test` unless given. */
  readonly settings?: Readonly<Record<string, string>>
  /** Milliseconds since the epoch at the beginning. Default: 2023-11-14T22:13:20Z. */
  readonly initialTimeMs?: number
}

const DEFAULT_TIME_MS = 1_700_000_000_000

/**
 * Kafka Streams' `TopologyTestDriver`: each piped record is processed to its end, at once, by the very tasks that run in production,
 * also where the topology reads a topic that it writes. Every topic has one partition, offsets count from 0.
 */
export class TopologyTestDriver {
  readonly clock: FakeClock
  readonly #tasks = new Map<string, { readonly task: StreamTask; next: number }>()
  readonly #output = new OutputBatch()
  readonly #queues = new Map<string, ProducerRecord[]>()
  #stopped: SluiceError | null = null

  constructor(topology: Topology, options: TopologyTestDriverOptions = {}) {
    const settings = streamsSettings.parse({ 'application.id': 'test', ...options.settings })
    this.clock = new FakeClock({ now: options.initialTimeMs ?? DEFAULT_TIME_MS })
    for (const subtopology of topology.subtopologies) {
      const starts = subtopology.sourceTopics.map((topic) => ({ topic, partition: 0, offset: 0, tally: EMPTY_TALLY }))
      const task = new StreamTask(topology, subtopology, 0, starts, taskSettingsOf(settings), {
        output: this.#output,
        clock: this.clock,
        random: systemRandom,
      })
      for (const { topic } of starts) this.#tasks.set(topic, { task, next: 0 })
    }
  }

  /** A way into a source topic; without serdes, for bytes. @throws Error when the topology does not read it */
  createInputTopic<K = Uint8Array, V = Uint8Array>(
    topic: string,
    key: Serializer<K> = bytesSerde as Side,
    value: Serializer<V> = bytesSerde as Side,
  ): TestInputTopic<K, V> {
    if (!this.#tasks.has(topic)) throw new Error(`The topology does not read topic ${topic}`)
    return new TestInputTopic(topic, key, value, (keyBytes, valueBytes, facts) =>
      this.#pipe(topic, keyBytes, valueBytes, facts),
    )
  }

  /** A way out of a topic, also of a quarantine topic; without serdes, as bytes. */
  createOutputTopic<K = Uint8Array, V = Uint8Array>(
    topic: string,
    key: Deserializer<K> = bytesSerde as Side,
    value: Deserializer<V> = bytesSerde as Side,
  ): TestOutputTopic<K, V> {
    return new TestOutputTopic(topic, key, value, this.#queue(topic))
  }

  /** Names of the topics that were written. */
  get producedTopicNames(): ReadonlySet<string> {
    return new Set([...this.#queues].filter(([, queue]) => queue.length > 0).map(([topic]) => topic))
  }

  /**
   * What became of the records of one source topic, or of all.
   * @throws SluiceError INTERNAL unless in = passed + quarantined + dropped
   */
  tally(topic?: string): Tally {
    const tally = [...this.#tasks]
      .filter(([name]) => topic === undefined || name === topic)
      .map(([name, { task }]) => task.partitions.find((partition) => partition.topic === name)!.tally.snapshot())
      .reduce(addTallies, EMPTY_TALLY)
    checkTally(tally)
    return tally
  }

  /** What each gate has found, by check. */
  scorecards(): readonly Scorecard[] {
    return gateScores(new Set([...this.#tasks.values()].flatMap(({ task }) => task.gates)))
  }

  #pipe(topic: string, key: Uint8Array | null, value: Uint8Array | null, facts: PipedFacts): void {
    if (this.#stopped !== null) throw this.#stopped
    const source = this.#tasks.get(topic)!
    const offset = source.next++
    const fetched = oneRecord(topic, offset, key, value, { timestamp: facts.timestamp ?? this.clock.now(), ...facts })
    this.#stopped = source.task.process(fetched)
    for (const record of this.#output.take()) this.#put(record)
    if (this.#stopped !== null) throw this.#stopped
  }

  #put(record: ProducerRecord): void {
    this.#queue(record.topic).push(record)
    if (!this.#tasks.has(record.topic)) return
    const { topic, key, value, timestamp, headers } = record
    this.#pipe(topic, key, value, {
      timestamp: timestamp ?? this.clock.now(),
      ...(headers === null ? {} : { headers }),
    })
  }

  #queue(topic: string): ProducerRecord[] {
    let queue = this.#queues.get(topic)
    if (queue === undefined) this.#queues.set(topic, (queue = []))
    return queue
  }
}

function oneRecord(
  topic: string,
  offset: number,
  key: Uint8Array | null,
  value: Uint8Array | null,
  facts: PipedFacts & { readonly timestamp: number },
): FetchedPartition {
  const headers = facts.headers ?? null
  const batch: FetchedRecords = {
    count: 1,
    offset: () => offset,
    timestamp: () => facts.timestamp,
    timestampType: 'create',
    key: () => key,
    value: () => value,
    headers: () => headers,
    bytes: bytesOf({ key, value, headers }),
  }
  return {
    topic,
    partition: 0,
    batches: [batch],
    nextOffset: offset + 1,
    highWatermark: offset + 1,
    lastStableOffset: offset + 1,
    logStartOffset: 0,
    leaderEpoch: 0,
    topicId: '',
  }
}
