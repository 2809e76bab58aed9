import type { Admin } from '@sluice/kafka'
import { describeError, SluiceError, type Clock, type Logger } from '@sluice/sdk'

/** Between finding that a topic is gone and believing it: a broker that has just started may not know all topics yet. */
const AGAIN_MS = 1_000

export interface SourceWatchParts {
  readonly admin: Pick<Admin, 'describeTopics'>
  /** All that is read, also for global stores. */
  readonly topics: readonly string[]
  /** How often is looked (`metadata.max.age.ms`). */
  readonly intervalMs: number
  readonly clock: Clock
  readonly logger: Logger
  /** Told once: the watch is over then. */
  readonly onMissing: (topics: readonly string[]) => void
}

/** Looks now and then whether the topics that an application reads are still there: a fetcher waits for them for ever. */
export class SourceWatch {
  readonly #parts: SourceWatchParts
  readonly #ending = new AbortController()
  #wake = new AbortController()

  constructor(parts: SourceWatchParts) {
    this.#parts = parts
    void this.#watch()
  }

  /** Somebody has heard that one is gone. */
  lookNow(): void {
    this.#wake.abort(null)
  }

  stop(): void {
    this.#ending.abort(null)
    this.#wake.abort(null)
  }

  /** Never rejects. */
  async #watch(): Promise<void> {
    const { clock, intervalMs, onMissing } = this.#parts
    const { signal } = this.#ending
    for (;;) {
      await clock.sleep(intervalMs, this.#wake.signal)
      if (signal.aborted) return
      this.#wake = new AbortController()
      if ((await this.#missing()).length === 0) continue
      await clock.sleep(AGAIN_MS, signal)
      const missing = await this.#missing()
      if (signal.aborted) return
      if (missing.length > 0) return onMissing(missing)
    }
  }

  /** Those that are not there; none where that cannot be told. */
  async #missing(): Promise<readonly string[]> {
    const { admin, topics, logger } = this.#parts
    try {
      const there = new Set((await admin.describeTopics(topics)).map(({ topic }) => topic))
      return topics.filter((topic) => !there.has(topic))
    } catch (error) {
      logger.debug('The topics that are read could not be looked at', { error: describeError(error) })
      return []
    }
  }
}

/**
 * Kafka Streams' MissingSourceTopicException. Retriable where all of them were found by a pattern: what goes on does so without them.
 * @param named those that the topology reads by their names
 */
export function sourcesGone(missing: readonly string[], named: ReadonlySet<string>): SluiceError {
  const isNamed = missing.some((topic) => named.has(topic))
  return new SluiceError('TOPOLOGY_INVALID', `Topics that are read have been deleted: ${missing.join(', ')}`, {
    place: { topic: missing[0]! },
    retriable: !isNamed,
    remedy: isNamed
      ? 'If that was meant, take them out of the topology. If not, create them and start again: what was in them and not processed is lost.'
      : 'A pattern matched them: the application goes on without them.',
  })
}
