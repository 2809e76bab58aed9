import type { SinkRecord, SinkTaskContext, TopicPartition } from '@sluice/sdk'
import type { Lane } from '@sluice/lake'
import type { Target } from './target.ts'

/** Tables that begin again from what they hold, and the partitions that are read again for that. */
export class GoingBack {
  readonly #context: SinkTaskContext
  /** They take nothing more of the records at hand, which come again. */
  readonly #targets = new Set<Target>()

  constructor(context: SinkTaskContext) {
    this.#context = context
  }

  /**
   * Where rows are gone, with a thread that encoded them. To be called before records are taken.
   * @throws SluiceError ENCODER_LOST when it happens again and again
   */
  async findLost(targets: readonly Target[], signal: AbortSignal): Promise<void> {
    for (const target of targets) {
      const { loss, table } = target.writer
      if (loss === undefined) continue
      this.#context.logger.warn('Rows were lost before they were committed; they are read again', {
        table: table.name,
        reason: loss.message,
      })
      this.#targets.add(target)
      await this.restart(target, [...target.lanes()], signal)
    }
  }

  has(target: Target): boolean {
    return this.#targets.has(target)
  }

  /** The record and those behind it in its partition are put once more. */
  comeAgain({ originalTopic: topic, originalPartition: partition, originalOffset: offset }: SinkRecord): void {
    this.#context.rewind([{ topic, partition, offset }])
  }

  /** The records at hand are done: before others come, the worker has gone back. */
  settle(): void {
    this.#targets.clear()
  }

  /** Drops what the table does not hold. One file holds the rows of all partitions, so those that stay are read again. */
  async restart(
    target: Target,
    staying: readonly (readonly [TopicPartition, Lane])[],
    signal: AbortSignal,
  ): Promise<void> {
    const begins = new Map(staying.map(([, lane]) => [lane, lane.moved ? lane.begin : undefined]))
    try {
      await target.writer.reset(signal)
    } finally {
      for (const [partition, lane] of staying) {
        const offset = lane.committed === undefined ? begins.get(lane) : lane.committed + 1
        if (offset !== undefined) this.#context.rewind([{ ...partition, offset }])
      }
    }
  }
}
