import type {
  Clock,
  DivertedAt,
  DivertReason,
  Logger,
  Metrics,
  Random,
  SourcePartition,
  SourcePosition,
  SourceTaskContext,
  TransactionContext,
} from '@sluice/sdk'
import type { PositionStore } from '../positions/position-store.ts'
import type { SourceCounts } from './source-counts.ts'

/** Bytes that a source could not read, until the loop takes them. */
export interface DivertedBytes {
  readonly bytes: Uint8Array
  readonly reason: DivertReason
  readonly at: DivertedAt
}

/** What a worker gives to a source task; keeps what the task diverts for the loop that polls it. */
export class SourceContext implements SourceTaskContext {
  readonly connector: string
  readonly task: number
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: Clock
  readonly random: Random
  readonly transaction: TransactionContext | null
  readonly #positions: PositionStore
  readonly #counts: SourceCounts
  #diverted: DivertedBytes[] = []

  constructor(
    parts: Pick<SourceTaskContext, 'connector' | 'task' | 'logger' | 'metrics' | 'clock' | 'random'> & {
      readonly positions: PositionStore
      readonly counts: SourceCounts
      /** Null unless transactions end where the connector says. */
      readonly transaction?: TransactionContext | null
    },
  ) {
    this.transaction = parts.transaction ?? null
    this.connector = parts.connector
    this.task = parts.task
    this.logger = parts.logger
    this.metrics = parts.metrics
    this.clock = parts.clock
    this.random = parts.random
    this.#positions = parts.positions
    this.#counts = parts.counts
  }

  async position(partition: SourcePartition): Promise<SourcePosition | null> {
    const position = await this.#positions.position(this.connector, partition)
    if (position !== null) this.#counts.stored([{ partition, position }])
    return position
  }

  divert(bytes: Uint8Array, reason: DivertReason, at: DivertedAt): void {
    // Copied, because a source may read the next bytes into the same buffer.
    this.#diverted.push({ bytes: new Uint8Array(bytes), reason, at })
  }

  takeDiverted(): readonly DivertedBytes[] {
    if (this.#diverted.length === 0) return NONE
    const taken = this.#diverted
    this.#diverted = []
    return taken
  }
}

const NONE: readonly DivertedBytes[] = []
