import type { CommittedOffset, FetchPosition, Fetcher } from '@sluice/kafka'
import {
  describeError,
  isRetriable,
  SluiceError,
  type Clock,
  type Logger,
  type SinkTask,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@sluice/sdk'
import { isPassing, type SinkCommitter } from './sink-committer.ts'
import type { SinkContext } from './sink-context.ts'
import type { SinkFigures } from './sink-figures.ts'
import type { SinkFlush } from './sink-flush.ts'
import type { SinkLag } from './sink-lag.ts'
import type { SinkPositions } from './sink-positions.ts'

export interface SinkAssignmentParts {
  readonly task: SinkTask
  readonly context: SinkContext
  readonly group: { committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> }
  /** Where partitions end now. */
  readonly ends: (partitions: readonly TopicPartition[]) => Promise<readonly TopicPartitionOffset[]>
  readonly fetcher: Fetcher
  readonly positions: SinkPositions
  readonly flush: SinkFlush
  readonly committer: SinkCommitter
  readonly lag: SinkLag
  readonly figures: SinkFigures
  readonly logger: Logger
  readonly clock: Clock
}

const RETRY_FIRST_MS = 100
const RETRY_MAX_MS = 10_000

/**
 * Partitions come and go. Those that come: committed offsets are read, the sink is opened with them alone, then they are fetched. Those
 * that go: flushed, closed, committed, in this order (as Kafka Connect does since KAFKA-12487). Those that are lost are closed alone:
 * others may have read on already.
 */
export class SinkAssignment {
  readonly #parts: SinkAssignmentParts
  /** What a close failed on: it fails the task, once the group has its partitions back. */
  #failure: unknown

  constructor(parts: SinkAssignmentParts) {
    this.#parts = parts
  }

  /** What there is to fail the task on, if there is. */
  get failure(): unknown {
    return this.#failure
  }

  /** @returns where the sink wants to go on in partitions that it had before */
  async add(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<readonly FetchPosition[]> {
    const { task, context, positions, group, logger } = this.#parts
    const fresh = partitions.filter((partition) => !positions.has(partition))
    const start = async (): Promise<void> => positions.start(fresh, await group.committed(fresh))
    if (fresh.length === 0 || !(await this.#untilRead(start, signal))) return []
    context.assign(positions.partitions)
    await task.open(fresh)
    const rewinds = context.takeRewinds()
    await this.#assertThere(rewinds, signal)
    const moved = positions.rewind(rewinds, logger)
    const begun = new Set<TopicPartition>(fresh.map((partition) => positions.of(partition)))
    this.#fetch(begun)
    context.fetching()
    void this.#lookAtEnds(fresh)
    logger.info('Partitions are read', { partitions: listed(fresh) })
    return moved.filter((place) => !begun.has(positions.of(place)))
  }

  /** `isLast`: the task ends, and what fails is only warned of. */
  async remove(partitions: readonly TopicPartition[], isLast: boolean): Promise<void> {
    const { flush, committer, positions, logger } = this.#parts
    const held = partitions.filter((partition) => positions.has(partition))
    if (held.length === 0) return
    let ready: readonly CommittedOffset[] = []
    try {
      ready = await flush.closing(held)
    } finally {
      await this.#close(held, isLast)
      try {
        await committer.commit(ready)
      } catch (error) {
        logger.warn('The last offsets could not be committed: what is behind them is read again', {
          reason: describeError(error),
        })
      }
      this.#forget(held)
    }
  }

  async lose(partitions: readonly TopicPartition[]): Promise<void> {
    const { positions, logger } = this.#parts
    const held = partitions.filter((partition) => positions.has(partition))
    if (held.length === 0) return
    logger.warn('Partitions were lost; nothing is committed of them', { partitions: listed(held) })
    await this.#close(held, false)
    this.#forget(held)
  }

  /** False: the signal was aborted first, or the place was lost meanwhile, which the group tells of next. */
  async #untilRead(read: () => Promise<void>, signal: AbortSignal): Promise<boolean> {
    const { clock, logger } = this.#parts
    for (let delayMs = RETRY_FIRST_MS; !signal.aborted; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
      try {
        await read()
        return true
      } catch (error) {
        if (!isPassing(error)) throw error
        if (!isRetriable(error)) return false
        logger.warn('Where to begin could not be read yet; it is tried again', {
          reason: describeError(error),
          delayMs,
        })
        await clock.sleep(delayMs, signal)
      }
    }
    return false
  }

  /** So that the lag is known before the first fetch has come. Nothing waits for it. */
  async #lookAtEnds(partitions: readonly TopicPartition[]): Promise<void> {
    const { ends, positions, lag, logger } = this.#parts
    try {
      const found = await ends(partitions)
      lag.assigned(
        found.filter((at) => positions.has(at)).map((at) => ({ ...at, position: positions.of(at).position })),
      )
    } catch (error) {
      logger.debug('The ends of partitions could not be read', { reason: describeError(error) })
    }
  }

  /** A sink that has records which the partition never had holds those of another topic. */
  async #assertThere(rewinds: readonly TopicPartitionOffset[], signal: AbortSignal): Promise<void> {
    const { positions, ends } = this.#parts
    const forward = rewinds.filter((wanted) => positions.has(wanted) && wanted.offset > positions.of(wanted).position)
    if (forward.length === 0) return
    let found: readonly TopicPartitionOffset[] = []
    await this.#untilRead(async () => {
      found = await ends(forward)
    }, signal)
    for (const { topic, partition, offset: end } of found) {
      const beyond = forward.find((at) => at.topic === topic && at.partition === partition && at.offset > end)
      if (beyond === undefined) continue
      throw new SluiceError('TOPIC_RECREATED', 'The sink holds records that its partition does not have', {
        place: { topic, partition, offset: beyond.offset, end },
        remedy:
          'The topic was deleted and created again, or an older copy of it restored. Decide what the sink’s old records still mean, then reset its offsets and those of the group.',
      })
    }
  }

  /** What stays is read on where it was: behind what has been fetched and is not put yet. */
  #fetch(fresh: ReadonlySet<TopicPartition> = new Set()): void {
    const { fetcher, positions, figures } = this.#parts
    const { partitions } = positions
    figures.assigned(partitions.length)
    fetcher.assign(
      partitions.map((at) => {
        const known = fresh.has(at) ? undefined : fetcher.position(at)
        return known === undefined ? at.place : { ...at.place, offset: known }
      }),
    )
  }

  async #close(partitions: readonly TopicPartition[], isLast: boolean): Promise<void> {
    const { task, logger } = this.#parts
    try {
      await task.close(partitions)
    } catch (error) {
      logger.warn('The sink did not close cleanly', { reason: describeError(error) })
      if (!isLast) this.#failure ??= error ?? new SluiceError('TASK_FAILED', 'The sink did not close cleanly')
    }
  }

  #forget(partitions: readonly TopicPartition[]): void {
    const { positions, context, lag } = this.#parts
    positions.forget(partitions)
    lag.forget(partitions)
    context.assign(positions.partitions)
    this.#fetch()
    context.fetchingLess()
  }
}

function listed(partitions: readonly TopicPartition[]): string {
  return partitions.map(({ topic, partition }) => `${topic}-${partition}`).join(', ')
}
