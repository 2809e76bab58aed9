import { MetricSet, total, type FetchedPartition, type Meter, type MetricGroup, type Spread } from '@sluice/kafka'
import type { Clock } from '@sluice/sdk'
import type { StreamTask } from '../record-path/stream-task.ts'
import type { TaskPartition } from '../record-path/task-contract.ts'
import type { MeasuredStore } from './measured-store.ts'
import type { RecordingLevel } from './metric-names.ts'

const NS_PER_MS = 1e6

/** What is measured of one partition of a task. */
interface OfPartition {
  readonly partition: TaskPartition
  readonly process: Meter
  readonly age: Spread
  /** Records that were counted. */
  counted: number
}

/** One task: moved once per round, for all records of the round. */
export class TaskMetrics {
  readonly #task: StreamTask
  readonly #clock: Clock
  readonly #set: MetricSet
  readonly #process: Meter
  readonly #latency: Spread
  readonly #dropped: Meter
  readonly #nodes = new Map<string, MetricSet>()
  readonly #topics = new Map<string, MetricSet>()
  readonly #partitions: readonly OfPartition[]
  readonly #stores: readonly MeasuredStore[]

  constructor(thread: string, task: StreamTask, stores: readonly MeasuredStore[], clock: Clock) {
    this.#task = task
    this.#clock = clock
    this.#stores = stores
    const tags = { 'thread-id': thread, 'task-id': task.id }
    const set = (this.#set = new MetricSet('stream-task-metrics', tags, clock))
    this.#process = set.meter('process')
    this.#latency = set.spread('process-latency')
    this.#dropped = set.meter('dropped-records')
    this.#partitions = task.partitions.map((partition) => {
      const { node, topic } = partition
      const nodeTags = { ...tags, 'processor-node-id': node }
      const nodes = setOf(this.#nodes, node, () => new MetricSet('stream-processor-node-metrics', nodeTags, clock))
      const topicTags = { ...nodeTags, 'topic-name': topic }
      setOf(this.#topics, topic, () => new MetricSet('stream-topic-metrics', topicTags, clock))
      const age = nodes.spread('record-e2e-latency')
      nodes.gauge('record-e2e-latency-min', () => age.min(clock.monotonic()))
      return { partition, process: nodes.meter('process'), age, counted: partition.tally.in }
    })
  }

  arrived({ topic, batches }: FetchedPartition): void {
    const set = this.#topics.get(topic)
    if (set === undefined) return
    let [records, bytes] = [0, 0]
    for (const batch of batches) {
      records += batch.count
      bytes += batch.bytes
    }
    set.total('records-consumed-total').add(records)
    set.total('bytes-consumed-total').add(bytes)
  }

  /** Returns how many records the task has dealt with since the last call, in so many milliseconds. */
  round(processMs: number): number {
    const now = this.#clock.monotonic()
    let records = 0
    for (const of of this.#partitions) {
      const { partition } = of
      const count = partition.tally.in - of.counted
      if (count === 0) continue
      of.counted += count
      records += count
      of.process.add(count, now)
      of.age.record(this.#clock.now() - partition.time, now)
    }
    if (records === 0) return 0
    this.#process.add(records, now)
    this.#latency.record((processMs * NS_PER_MS) / records, now)
    const dropped = total(this.#task.droppedRecords())
    if (dropped > this.#dropped.total) this.#dropped.add(dropped - this.#dropped.total, now)
    for (const store of this.#stores) store.count()
    return records
  }

  read(level: RecordingLevel): readonly MetricGroup[] {
    for (const store of this.#stores) store.count()
    const sets = [...this.#nodes.values(), ...this.#topics.values()]
    const own = level === 'DEBUG' ? [this.#set, ...this.#stores.map(({ set }) => set)] : []
    return [...own, ...sets].map((set) => set.read())
  }
}

function setOf(sets: Map<string, MetricSet>, key: string, make: () => MetricSet): MetricSet {
  let set = sets.get(key)
  if (set === undefined) sets.set(key, (set = make()))
  return set
}
