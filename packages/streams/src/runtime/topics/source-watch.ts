import type { Admin } from '@sluice/kafka'
import { describeError, SluiceError, type Clock, type Logger } from '@sluice/sdk'

/** Between finding something and believing it: a broker that has just started may not know all topics yet, and what is created is so by and by. */
const AGAIN_MS = 1_000

/** Source topics that are not as they were. */
export interface SourceChange {
  /** Not there any more. */
  readonly missing: readonly string[]
  /** A pattern matches them, or they have more partitions than they had. */
  readonly more: readonly string[]
  /** Why the topology cannot be run with what its patterns match now, if that is so. */
  readonly refused: unknown
}

export interface SourceWatchParts {
  readonly admin: Pick<Admin, 'describeTopics'>
  /** All that is read, with the number of its partitions; also for global stores. */
  readonly sources: ReadonlyMap<string, number>
  /** Which of the topics that are there are read. Null: there are no patterns. @throws what is `SourceChange.refused` */
  readonly matching: ((topics: readonly string[]) => readonly string[]) | null
  /** Whether what there is more to read is of interest. */
  readonly looksForMore: boolean
  /** How often is looked (`metadata.max.age.ms`). */
  readonly intervalMs: number
  readonly clock: Clock
  readonly logger: Logger
  /** Told once: the watch is over then. */
  readonly onChange: (change: SourceChange) => void
}

/**
 * Looks now and then whether the topics that an application reads are still those that there are: a fetcher waits for ever for one that is
 * gone, and knows nothing of new ones.
 */
export class SourceWatch {
  readonly #parts: SourceWatchParts
  readonly #ending = new AbortController()
  #wake = new AbortController()

  constructor(parts: SourceWatchParts) {
    this.#parts = parts
    void this.#watch()
  }

  /** Somebody has heard that one is gone, or is new. */
  lookNow(): void {
    this.#wake.abort(null)
  }

  stop(): void {
    this.#ending.abort(null)
    this.#wake.abort(null)
  }

  /** Never rejects. */
  async #watch(): Promise<void> {
    const { clock, intervalMs, onChange } = this.#parts
    const { signal } = this.#ending
    for (;;) {
      await clock.sleep(intervalMs, this.#wake.signal)
      if (signal.aborted) return
      this.#wake = new AbortController()
      if ((await this.#change()) === null) continue
      await clock.sleep(AGAIN_MS, signal)
      const change = await this.#change()
      if (signal.aborted) return
      if (change !== null) return onChange(change)
    }
  }

  /** Null: there is none, or that cannot be told. */
  async #change(): Promise<SourceChange | null> {
    const there = await this.#there()
    if (there === null) return null
    const missing = Array.from(this.#parts.sources.keys()).filter((topic) => !there.has(topic))
    try {
      const more = this.#more(there)
      return missing.length + more.length === 0 ? null : { missing, more, refused: null }
    } catch (refused) {
      return { missing, more: [], refused }
    }
  }

  /** Topics with how many partitions they have. Null: nobody can tell. */
  async #there(): Promise<ReadonlyMap<string, number> | null> {
    const { admin, sources, matching, looksForMore, logger } = this.#parts
    const wanted = matching === null || !looksForMore ? [...sources.keys()] : undefined
    try {
      return new Map((await admin.describeTopics(wanted)).map(({ topic, partitions }) => [topic, partitions]))
    } catch (error) {
      logger.debug('The topics that are read could not be looked at', { error: describeError(error) })
      return null
    }
  }

  #more(there: ReadonlyMap<string, number>): readonly string[] {
    const { sources, matching, looksForMore } = this.#parts
    if (!looksForMore) return []
    const read = matching === null ? Array.from(sources.keys()) : matching([...there.keys()])
    return read.filter((topic) => (there.get(topic) ?? 0) > (sources.get(topic) ?? 0))
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

/** Retriable: what goes on reads them too. */
export function sourcesCame(more: readonly string[]): SluiceError {
  return new SluiceError('INTERRUPTED', `There is more to read than there was: ${more.join(', ')}`, {
    place: { topic: more[0]! },
    retriable: true,
  })
}
