import { addTallies, checkTally, EMPTY_TALLY, type MetricGroup, type ProducerRecord, type Tally } from '@sluice/kafka'
import { FakeClock } from '@sluice/sdk/testing'
import type { Scorecard } from '@sluice/quality'
import { systemRandom, type SluiceError } from '@sluice/sdk'
import { gateScores } from '../gate-scores.ts'
import { ThreadMetrics } from '../metrics/thread-metrics.ts'
import { OutputBatch } from '../record-path/output-batch.ts'
import { StreamTask } from '../record-path/stream-task.ts'
import type { TaskPorts } from '../record-path/task-contract.ts'
import type { Deserializer, Serializer, Side } from '../serde.ts'
import { bytesSerde } from '../serdes.ts'
import type { StoreKind } from '../state/definition.ts'
import { memoryStores } from '../state/create-store.ts'
import { readOnly } from '../state/read-only.ts'
import type { Changelog, ChangelogRecord, StoreFactory, TaskStore } from '../state/store-context.ts'
import type {
  KeyValueStore,
  ReadOnlyWindowStore,
  SessionStore,
  StateStore,
  TimestampedKeyValueStore,
  TimestampedWindowStore,
  VersionedKeyValueStore,
  WindowStore,
} from '../state/stores.ts'
import { streamsSettings } from '../streams-settings.ts'
import { taskSettingsOf } from '../task-settings.ts'
import { changelogTopicOf } from '../topology/internal-topics.ts'
import { refuseQuarantineLoops } from '../topology/quarantine-loop.ts'
import type { Subtopology, Topology } from '../topology/topology.ts'
import { oneRecord, type PipedRecord } from './piped-record.ts'
import { plainKeyValueStore, plainWindowStore } from './plain-stores.ts'
import { checkForwards, TestInputTopic, TestOutputTopic, type InputTime, type PipeBytes } from './test-topics.ts'

export interface TopologyTestDriverOptions {
  /** Settings of the application by their Kafka names; `application.id` is `test` unless given. */
  readonly settings?: Readonly<Record<string, string>>
  /** Milliseconds since the epoch at the beginning. Default: 2023-11-14T22:13:20Z. */
  readonly initialTimeMs?: number
  /** The topics that there are: of them, sources by pattern read those that match. Default: none. */
  readonly topics?: readonly string[]
  /**
   * Goes on where another driver of the same topology stands, as after a restart: with what its changelogs hold that were not read as
   * output topics, and what its tasks commit with their offsets.
   */
  readonly continuing?: TopologyTestDriver
}

const DEFAULT_TIME_MS = 1_700_000_000_000

interface Source {
  readonly task: StreamTask
  /** The next offset. */
  next: number
}

/**
 * Kafka Streams' `TopologyTestDriver`: each piped record is processed to its end, at once, by the very tasks that run in production,
 * through repartition topics and topics that the topology writes and reads. One task per sub-topology, its stores in memory; every
 * topic has one partition, offsets count from 0, and records are processed in the order they were written.
 */
export class TopologyTestDriver {
  readonly clock: FakeClock
  readonly #topology: Topology
  readonly #tasks: StreamTask[] = []
  readonly #stores: TaskStore[] = []
  readonly #sources = new Map<string, Source>()
  readonly #output = new OutputBatch()
  readonly #queues = new Map<string, ProducerRecord[]>()
  readonly #metrics: ThreadMetrics
  readonly #waiting: PipedRecord[] = []
  #stopped: SluiceError | null = null
  #isClosed = false

  constructor(topology: Topology, options: TopologyTestDriverOptions = {}) {
    const settings = streamsSettings.parse({ 'application.id': 'test', ...options.settings })
    this.clock = new FakeClock({ now: options.initialTimeMs ?? DEFAULT_TIME_MS })
    const taskSettings = { ...taskSettingsOf(settings), takesBack: true }
    const named = topology.forApplication(taskSettings.applicationId)
    const { quarantineTopic } = taskSettings
    this.#topology = options.topics === undefined ? named : named.withTopics(options.topics, quarantineTopic)
    refuseQuarantineLoops(this.#topology, quarantineTopic)
    const changelog: Changelog = {
      append: (store, key, value, timestamp, headers) => {
        const topic = changelogTopicOf(taskSettings.applicationId, store)
        this.#queue(topic).push({ topic, partition: 0, key, value, timestamp, headers })
      },
    }
    const { continuing } = options
    const thread = `${taskSettings.applicationId}-StreamThread-1`
    const level = settings['metrics.recording.level'] === 'INFO' ? 'INFO' : 'DEBUG'
    this.#metrics = new ThreadMetrics(thread, level, this.clock, () => this.#tasks)
    const factoryOf =
      (task: string): StoreFactory =>
      (definition, context) => {
        const store = memoryStores(definition, context)
        if (continuing !== undefined)
          store.restore(continuing.#logged(changelogTopicOf(taskSettings.applicationId, definition.name)))
        this.#stores.push(store)
        return this.#metrics.measured(store, definition, task)
      }
    const global = new Map<string, StateStore>()
    // Global tables first: the other tasks read their stores.
    for (const subtopology of this.#topology.subtopologies.toSorted(
      (a, b) => Number(b.isGlobal) - Number(a.isGlobal),
    )) {
      const task = this.#start(
        subtopology,
        taskSettings,
        {
          output: this.#output,
          clock: this.clock,
          random: systemRandom,
          stores: { factory: factoryOf(`${subtopology.id}_0`), global, changelog },
          ...(continuing === undefined ? {} : { times: continuing.#timesOf(subtopology.id) }),
        },
        continuing,
      )
      if (!subtopology.isGlobal) this.#metrics.started(task)
      else for (const [name, store] of task.stores) global.set(name, readOnly(store))
    }
  }

  /**
   * A way into a source topic; without serdes, for bytes; without a time, records have the driver's.
   * @throws Error when the topology does not read it
   */
  createInputTopic<K = Uint8Array, V = Uint8Array>(
    topic: string,
    key: Serializer<K> = bytesSerde as Side,
    value: Serializer<V> = bytesSerde as Side,
    time: InputTime | null = null,
  ): TestInputTopic<K, V> {
    if (!this.#sources.has(topic)) {
      const read = listOf(this.#sources.keys())
      const pattern = this.#topology.hasPatterns ? '; those that match a pattern are named by the option topics' : ''
      throw new Error(`The topology does not read topic ${topic}: it reads ${read}${pattern}`)
    }
    const pipe: PipeBytes = (keyBytes, valueBytes, facts) => this.#pipe(topic, keyBytes, valueBytes, facts)
    return new TestInputTopic(topic, key, value, pipe, time)
  }

  /** A way out of a topic, also of a quarantine topic, a repartition topic or a changelog; without serdes, as bytes. */
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

  /** Moves the clock on and calls the wall-clock punctuators that are due. @throws SluiceError when one stops the topology */
  advanceWallClockTime(ms: number): void {
    this.#checkRuns()
    checkForwards(ms)
    this.clock.advance(ms)
    for (const task of this.#tasks) {
      const before = task.punctuated
      const stop = task.punctuate()
      this.#metrics.punctuated(task.punctuated - before, 0)
      this.#settle(stop)
    }
    this.#drain()
  }

  /** Waits for the calls of asynchronous operators, and for all that comes of them. @throws SluiceError when one stops the topology */
  async completed(): Promise<void> {
    const isBusy = ({ calls }: StreamTask): boolean => !calls.isEmpty
    for (let busy = this.#tasks.filter(isBusy); busy.length > 0; busy = this.#tasks.filter(isBusy)) {
      await Promise.race(busy.map(({ calls }) => calls.progress()))
      for (const task of busy) {
        const stop = task.run()
        this.#metrics.round(task, 0)
        this.#settle(stop)
      }
      this.#drain()
    }
  }

  /** Any store by its name. @throws Error when the topology has no such store */
  getStateStore(name: string): StateStore {
    return this.#store(name, null).store
  }

  /**
   * The rows of a table, with or without its times; what is put into it by the test is there for the next record.
   * @throws Error when the topology has no such store, or one of another kind
   */
  getKeyValueStore<K, V>(name: string): KeyValueStore<K, V> {
    const { store, kind } = this.#store(name, ['keyValue', 'timestampedKeyValue'])
    return kind === 'keyValue'
      ? (store as KeyValueStore<K, V>)
      : plainKeyValueStore(store as TimestampedKeyValueStore<K, V>)
  }

  getTimestampedKeyValueStore<K, V>(name: string): TimestampedKeyValueStore<K, V> {
    return this.#store(name, ['timestampedKeyValue']).store as TimestampedKeyValueStore<K, V>
  }

  getVersionedKeyValueStore<K, V>(name: string): VersionedKeyValueStore<K, V> {
    return this.#store(name, ['versioned']).store as VersionedKeyValueStore<K, V>
  }

  getWindowStore<K, V>(name: string): ReadOnlyWindowStore<K, V> {
    const { store, kind } = this.#store(name, ['window', 'timestampedWindow'])
    return kind === 'window' ? (store as WindowStore<K, V>) : plainWindowStore(store as TimestampedWindowStore<K, V>)
  }

  getTimestampedWindowStore<K, V>(name: string): TimestampedWindowStore<K, V> {
    return this.#store(name, ['timestampedWindow']).store as TimestampedWindowStore<K, V>
  }

  getSessionStore<K, V>(name: string): SessionStore<K, V> {
    return this.#store(name, ['session']).store as SessionStore<K, V>
  }

  /** Every store of the topology by its name. */
  getAllStateStores(): ReadonlyMap<string, StateStore> {
    return new Map(this.#tasks.flatMap((task) => [...task.stores]))
  }

  /**
   * What became of the records of one source topic, or of all.
   * @throws SluiceError INTERNAL unless in = passed + quarantined + dropped
   */
  tally(topic?: string): Tally {
    const tally = [...this.#sources]
      .filter(([name]) => topic === undefined || name === topic)
      .map(([name, { task }]) => task.partitions.find((partition) => partition.topic === name)!.tally.snapshot())
      .reduce(addTallies, EMPTY_TALLY)
    checkTally(tally)
    return tally
  }

  /** Kafka Streams' `dropped-records` by reason: what operators and stores let go by their own rules, over all tasks. */
  droppedRecords(): Readonly<Record<string, number>> {
    const sums: Record<string, number> = {}
    for (const task of this.#tasks)
      for (const [reason, count] of Object.entries(task.droppedRecords())) sums[reason] = (sums[reason] ?? 0) + count
    return sums
  }

  /** What Kafka Streams measures of a thread and its tasks, under its names: see `STREAM_METRIC_GROUPS`. Its clock is the driver's. */
  metrics(): readonly MetricGroup[] {
    return this.#metrics.read()
  }

  /** What each gate has found, by check. */
  scorecards(): readonly Scorecard[] {
    return gateScores(new Set(this.#tasks.flatMap(({ gates }) => gates)))
  }

  /** Closes processors and stores: the end, as when a task moves. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const task of this.#tasks) task.close()
  }

  #checkRuns(): void {
    if (this.#stopped !== null) throw this.#stopped
    if (this.#isClosed) throw new Error('The driver is closed: make another one, or close it later')
  }

  /** The records of a changelog. */
  #logged(topic: string): ChangelogRecord[] {
    return this.#queue(topic).map(({ key, value, timestamp, headers }, offset) => ({
      key: key!,
      value,
      timestamp: timestamp ?? -1,
      headers,
      offset,
    }))
  }

  #timesOf(subtopology: number): Readonly<Record<string, number>> {
    return this.#tasks.find(({ id }) => id === `${subtopology}_0`)!.nodeTimes()
  }

  #start(
    subtopology: Subtopology,
    settings: ReturnType<typeof taskSettingsOf>,
    ports: TaskPorts,
    continuing: TopologyTestDriver | undefined,
  ): StreamTask {
    const starts = subtopology.sourceTopics.map((topic) => {
      const offset = continuing === undefined ? 0 : (continuing.#sources.get(topic)?.next ?? 0)
      return { topic, partition: 0, offset, tally: EMPTY_TALLY }
    })
    const task = new StreamTask(this.#topology, subtopology, 0, starts, settings, ports)
    this.#tasks.push(task)
    for (const { topic, offset } of starts) this.#sources.set(topic, { task, next: offset })
    return task
  }

  #pipe(topic: string, key: Uint8Array | null, value: Uint8Array | null, facts: PipedRecord['facts']): void {
    this.#checkRuns()
    this.#waiting.push({ topic, key, value, facts: { timestamp: facts.timestamp ?? this.clock.now(), ...facts } })
    this.#drain()
  }

  /** Processes what waits, and what comes of it, until nothing is left. */
  #drain(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const source = this.#sources.get(next.topic)!
      const fetched = oneRecord(source.next++, next)
      this.#metrics.polled([fetched], 0)
      const stop = source.task.process(fetched)
      this.#metrics.round(source.task, 0)
      this.#settle(stop)
    }
  }

  /** Commits a record: takes what a task has put out, and what its stores have not logged yet. @throws SluiceError the task's reason to stop */
  #settle(stop: SluiceError | null): void {
    for (const record of this.#output.take()) {
      const { topic, key, value, timestamp, headers } = record
      this.#queue(topic).push(record)
      if (!this.#sources.has(topic)) continue
      const facts = { timestamp: timestamp ?? this.clock.now(), ...(headers === null ? {} : { headers }) }
      this.#waiting.push({ topic, key, value, facts })
    }
    if (stop !== null) {
      this.#stopped = stop
      throw stop
    }
    for (const store of this.#stores) store.flush()
    this.#metrics.committed(0)
  }

  /** `kinds` null: of any. */
  #store(name: string, kinds: readonly StoreKind[] | null): { readonly store: StateStore; readonly kind: StoreKind } {
    const kind = this.#topology.stores.get(name)?.definition.kind
    const stores = this.getAllStateStores()
    const store = stores.get(name)
    if (kind === undefined || store === undefined)
      throw new Error(`The topology has no store ${name}: it has ${listOf(stores.keys())}`)
    if (kinds?.includes(kind) === false) throw new Error(`Store ${name} is of kind ${kind}, not ${kinds.join(' or ')}`)
    return { store, kind }
  }

  #queue(topic: string): ProducerRecord[] {
    let queue = this.#queues.get(topic)
    if (queue === undefined) this.#queues.set(topic, (queue = []))
    return queue
  }
}

function listOf(names: Iterable<string>): string {
  return [...names].join(', ') || 'none'
}
