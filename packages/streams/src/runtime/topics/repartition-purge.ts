import type { Admin, CommittedOffset } from '@sluice/kafka'
import { describeError, SluiceError, type Clock, type Logger } from '@sluice/sdk'
import type { Topology } from '../../topology/topology.ts'
import { keyOf } from '../partition-key.ts'

export interface RepartitionPurgeParts {
  readonly admin: Pick<Admin, 'partitions'>
  /** The topics to purge, and how many records before a committed offset are still needed of each. */
  readonly topics: ReadonlyMap<string, number>
  readonly intervalMs: number
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Deletes what was processed from repartition topics (KIP-204): nobody else reads them, and they keep everything otherwise. Never before
 * it is committed; beside the work, and best effort: what could not be deleted is at the next time.
 */
export class RepartitionPurge {
  readonly #parts: RepartitionPurgeParts
  #lastAt: number
  #isUnderWay = false
  /** Since the last time: up to where. */
  readonly #due = new Map<string, { readonly topic: string; readonly partition: number; readonly before: number }>()

  constructor(parts: RepartitionPurgeParts) {
    this.#parts = parts
    this.#lastAt = parts.clock.monotonic()
  }

  /** Told of every commit. Returns at once. */
  committed(offsets: readonly CommittedOffset[]): void {
    const { topics, intervalMs, clock } = this.#parts
    if (topics.size === 0) return
    for (const { topic, partition, offset } of offsets) {
      const needed = topics.get(topic)
      if (needed !== undefined && offset > needed)
        this.#due.set(keyOf({ topic, partition }), { topic, partition, before: offset - needed })
    }
    const now = clock.monotonic()
    if (this.#due.size === 0 || this.#isUnderWay || now - this.#lastAt < intervalMs) return
    this.#lastAt = now
    void this.#purge()
  }

  /** Never rejects. */
  async #purge(): Promise<void> {
    const { admin, logger } = this.#parts
    const those = [...this.#due.values()]
    this.#due.clear()
    this.#isUnderWay = true
    try {
      const outcomes = await admin.partitions.deleteRecords(those)
      for (const { item, error } of outcomes)
        if (error !== null && !isGone(error))
          logger.warn('What was processed of a repartition topic could not be deleted', {
            topic: item.topic,
            partition: item.partition,
            error: error.message,
          })
    } catch (error) {
      logger.warn('Repartition topics could not be purged', { error: describeError(error) })
    } finally {
      this.#isUnderWay = false
    }
  }
}

/** Somebody has deleted as much already. */
function isGone(error: SluiceError): boolean {
  return error.place?.['error'] === 'OFFSET_OUT_OF_RANGE'
}

/**
 * Repartition topics that are nobody's changelog, and how many records before its committed offset a restart needs of each: nodes
 * that remember records read them again.
 */
export function purgedTopics(topology: Topology): ReadonlyMap<string, number> {
  const topics = new Map<string, number>()
  const kept = new Set(Array.from(topology.stores.values(), ({ sourceTopic }) => sourceTopic))
  for (const { sourceTopics, nodes } of topology.subtopologies) {
    const needed = nodes.map((node) => (node.kind === 'processor' ? (node.operator.memoryRecords ?? 0) : 0))
    for (const topic of sourceTopics)
      if (topology.repartitions.has(topic) && !kept.has(topic)) topics.set(topic, Math.max(0, ...needed))
  }
  return topics
}
