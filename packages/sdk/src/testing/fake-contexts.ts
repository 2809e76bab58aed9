/** What a worker gives to tasks, kept in memory and open to the test's eyes. */
import { MemoryMetrics } from '../ports.ts'
import type { Clock, Random } from '../ports.ts'
import type { SinkRecord, SourcePartition, SourcePosition, TopicPartition, TopicPartitionOffset } from '../record.ts'
import type { SinkPosition, SinkTaskContext } from '../sink-task.ts'
import type { DivertedAt, DivertReason, SourceTaskContext } from '../source-task.ts'
import type { TaskContext } from '../task-context.ts'
import { FakeClock } from './fake-clock.ts'
import { MemoryLogger } from './memory-logger.ts'

/** Bytes that a source could not read. */
export interface Diverted {
  readonly bytes: Uint8Array
  readonly reason: DivertReason
  readonly at: DivertedAt
}

/** A record that a sink could not write. */
export interface Dropped {
  readonly record: SinkRecord
  readonly reason: string
}

export interface Reported {
  readonly record: SinkRecord
  readonly error: unknown
}

class FakeTaskContext implements TaskContext {
  readonly connector = 'test'
  readonly task = 0
  readonly logger: MemoryLogger = new MemoryLogger()
  readonly metrics: MemoryMetrics = new MemoryMetrics()
  readonly clock: Clock
  readonly random: Random = seededRandom()

  constructor(clock: Clock) {
    this.clock = clock
  }
}

/** Stored positions go through JSON on their way in and out, as they do in a worker. */
export class FakeSourceContext extends FakeTaskContext implements SourceTaskContext {
  readonly transaction = null
  readonly diverted: Diverted[] = []
  readonly #positions = new Map<string, string>()

  constructor(clock: Clock = new FakeClock({ impatient: true })) {
    super(clock)
  }

  store(partition: SourcePartition, position: SourcePosition): void {
    this.#positions.set(JSON.stringify(partition), JSON.stringify(position))
  }

  async position(partition: SourcePartition): Promise<SourcePosition | null> {
    const stored = this.#positions.get(JSON.stringify(partition))
    return stored === undefined ? null : (JSON.parse(stored) as SourcePosition)
  }

  divert(bytes: Uint8Array, reason: DivertReason, at: DivertedAt): void {
    this.diverted.push({ bytes: bytes.slice(), reason, at })
  }
}

export class FakeSinkContext extends FakeTaskContext implements SinkTaskContext {
  readonly reported: Reported[] = []
  readonly dropped: Dropped[] = []
  /** What `rewind` was asked for, until somebody takes it out. */
  rewinds: TopicPartitionOffset[] = []
  readonly paused: Set<string> = new Set()
  commitRequests = 0
  /** What `timeout` was asked for last. */
  timeoutMs: number | undefined
  /** Whether bad records are tolerated; if not, `report` throws, as in a worker with `errors.tolerance=none`. */
  tolerant = true
  /** What `position` answers; `SinkRun` keeps it. */
  positions: readonly SinkPosition[] = []
  #assignment: readonly TopicPartition[] = []

  constructor(clock: Clock = new FakeClock({ impatient: true })) {
    super(clock)
  }

  position({ topic, partition }: TopicPartition): SinkPosition | undefined {
    return this.positions.find((at) => at.topic === topic && at.partition === partition)
  }

  assign(partitions: readonly TopicPartition[]): void {
    this.#assignment = partitions
  }

  assignment(): readonly TopicPartition[] {
    return this.#assignment
  }

  rewind(positions: readonly TopicPartitionOffset[]): void {
    this.rewinds.push(...positions)
  }

  requestCommit(): void {
    this.commitRequests++
  }

  timeout(ms: number): void {
    this.timeoutMs = ms
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.paused.add(`${topic}-${partition}`)
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.paused.delete(`${topic}-${partition}`)
  }

  drop(record: SinkRecord, reason: string): void {
    this.dropped.push({ record, reason })
  }

  report(record: SinkRecord, error: unknown): void {
    if (!this.tolerant) throw error
    this.reported.push({ record, error })
  }
}

/** The same numbers in every run (a linear congruential generator; not for anything that must be random). */
function seededRandom(seed = 1): Random {
  let state = seed
  return {
    next() {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
      return state / 2_147_483_648
    },
  }
}
