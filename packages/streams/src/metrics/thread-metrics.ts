import { MetricSet, type FetchedPartition, type Meter, type MetricGroup, type Spread } from '@sluice/kafka'
import type { Clock } from '@sluice/sdk'
import { keyOf } from '../runtime/partition-key.ts'
import type { StreamTask } from '../record-path/stream-task.ts'
import { engineOf, type StoreDefinition } from '../state/definition.ts'
import type { TaskStore } from '../state/store-context.ts'
import { MeasuredStore } from './measured-store.ts'
import type { RecordingLevel } from './metric-names.ts'
import { TaskMetrics } from './task-metrics.ts'

const NS_PER_MS = 1e6

/** One of a thread's activities: how many there were, what they took, and which part of its time. */
class Activity {
  readonly #count: Meter
  readonly #latency: Spread
  readonly #busyMs: Meter

  constructor(set: MetricSet, stem: string, clock: Clock) {
    this.#count = set.meter(stem)
    this.#latency = set.spread(`${stem}-latency`)
    this.#busyMs = new MetricSet('', {}, clock).meter(stem)
    set.gauge(`${stem}-ratio`, () => Math.min(1, this.#busyMs.rate(clock.monotonic()) / 1000))
  }

  /** So many, one after the other, in so many milliseconds. */
  record(count: number, ms: number, now: number): void {
    this.#busyMs.add(ms, now)
    if (count === 0) return
    this.#count.add(count, now)
    this.#latency.record(ms / count, now)
  }

  get ms(): number {
    return this.#busyMs.total
  }
}

/** Kafka Streams' metrics of one thread and its tasks. Whatever is called is called per poll, round or commit, never per record. */
export class ThreadMetrics {
  readonly #thread: string
  readonly #clock: Clock
  readonly #level: RecordingLevel
  readonly #running: () => Iterable<StreamTask>
  readonly #set: MetricSet
  readonly #poll: Activity
  readonly #pollRecords: Spread
  readonly #process: Activity
  readonly #processRecords: Spread
  readonly #punctuate: Activity
  readonly #commit: Activity
  readonly #created: Meter
  readonly #closed: Meter
  readonly #tasks = new Map<StreamTask, TaskMetrics>()
  readonly #byPartition = new Map<string, TaskMetrics>()
  /** By task, those of tasks that have not begun yet. */
  readonly #measured = new Map<string, MeasuredStore[]>()

  /** @param running the tasks that it has now */
  constructor(thread: string, level: RecordingLevel, clock: Clock, running: () => Iterable<StreamTask>) {
    this.#thread = thread
    this.#clock = clock
    this.#level = level
    this.#running = running
    const set = (this.#set = new MetricSet('stream-thread-metrics', { 'thread-id': thread }, clock))
    this.#poll = new Activity(set, 'poll', clock)
    this.#pollRecords = set.spread('poll-records')
    this.#process = new Activity(set, 'process', clock)
    this.#processRecords = set.spread('process-records')
    this.#punctuate = new Activity(set, 'punctuate', clock)
    this.#commit = new Activity(set, 'commit', clock)
    this.#created = set.meter('task-created')
    this.#closed = set.meter('task-closed')
    const startedAt = clock.now()
    set.gauge('thread-start-time', () => startedAt)
    set.gauge('blocked-time-ns-total', () => (this.#poll.ms + this.#commit.ms) * NS_PER_MS)
  }

  /** The store to use in place of this one, of a task that will begin: itself, unless stores are measured. */
  measured(store: TaskStore, definition: StoreDefinition, task: string): TaskStore {
    if (this.#level !== 'DEBUG') return store
    const tags = { 'thread-id': this.#thread, 'task-id': task, [stateIdOf(definition)]: definition.name }
    const measured = new MeasuredStore(store, new MetricSet('stream-state-metrics', tags, this.#clock), this.#clock)
    const before = (this.#measured.get(task) ?? []).filter(({ store: { name } }) => name !== definition.name)
    this.#measured.set(task, [...before, measured])
    return measured.store
  }

  started(task: StreamTask): void {
    this.#forgetEnded()
    const metrics = new TaskMetrics(this.#thread, task, this.#measured.get(task.id) ?? [], this.#clock)
    this.#measured.delete(task.id)
    this.#tasks.set(task, metrics)
    for (const partition of task.partitions) this.#byPartition.set(keyOf(partition), metrics)
    this.#created.add(1, this.#clock.monotonic())
  }

  polled(arrived: readonly FetchedPartition[], ms: number): void {
    const now = this.#clock.monotonic()
    this.#poll.record(1, ms, now)
    if (arrived.length === 0) return
    let records = 0
    for (const fetched of arrived) {
      for (const { count } of fetched.batches) records += count
      this.#byPartition.get(keyOf(fetched))?.arrived(fetched)
    }
    this.#pollRecords.record(records, now)
  }

  round(task: StreamTask, processMs: number): void {
    const records = this.#tasks.get(task)?.round(processMs) ?? 0
    const now = this.#clock.monotonic()
    this.#process.record(records, processMs, now)
    if (records > 0) this.#processRecords.record(records, now)
  }

  punctuated(count: number, ms: number): void {
    this.#punctuate.record(count, ms, this.#clock.monotonic())
  }

  committed(ms: number): void {
    this.#commit.record(1, ms, this.#clock.monotonic())
  }

  read(): readonly MetricGroup[] {
    this.#forgetEnded()
    return [this.#set.read(), ...Array.from(this.#tasks.values()).flatMap((task) => task.read(this.#level))]
  }

  /** Tasks come in one place and go in many: those that run no more have ended. */
  #forgetEnded(): void {
    const running = new Set(this.#running())
    for (const task of this.#tasks.keys()) {
      if (running.has(task)) continue
      this.#tasks.delete(task)
      this.#closed.add(1, this.#clock.monotonic())
    }
  }
}

/** Kafka Streams names the tag of a store after its kind: `rocksdb-window-state-id`. */
function stateIdOf(definition: StoreDefinition): string {
  const { kind } = definition
  const engine = engineOf(definition) === 'lmdb' ? 'lmdb' : 'in-memory'
  const shape = kind === 'session' ? '-session' : kind === 'window' || kind === 'timestampedWindow' ? '-window' : ''
  return `${engine}${shape}-state-id`
}
