import type { TopicDescription } from '@sluice/kafka'
import { describeError, isRetriable, type Clock, type Logger } from '@sluice/sdk'

export interface SinkTopicsParts {
  /** Named one by one; with a pattern, none. */
  readonly names: readonly string[]
  /** For whole names of topics. */
  readonly pattern: RegExp | null
  /** Never read, whatever the pattern: the task's own dead letters. */
  readonly except: string
  /** Those that exist; without names all. */
  readonly describe: (names?: readonly string[]) => Promise<readonly TopicDescription[]>
  readonly logger: Logger
  readonly clock: Clock
  /** `metadata.max.age.ms`: how often it is looked for new topics of a pattern. */
  readonly ageMaxMs: number
}

/** How often it is looked for a topic that is named and not there: a source beside the sink may be the one that makes it. */
const MISSING_LOOK_MS = 500

/** Kafka's own topics, which patterns do not match (`exclude.internal.topics`). */
const INTERNAL: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state'])

/** Which topics a sink reads: those named, as soon as they are there, or those that a pattern matches, also when they come later. */
export class SinkTopics {
  readonly #parts: SinkTopicsParts
  #told = ''

  constructor(parts: SinkTopicsParts) {
    this.#parts = parts
  }

  /** Looks until the signal is aborted, or nothing can change any more; tells what it finds whenever that is something else. */
  async watch(found: (topics: readonly string[]) => void, signal: AbortSignal): Promise<void> {
    const { clock, pattern, ageMaxMs } = this.#parts
    let before = ''
    while (!signal.aborted) {
      const topics = await this.#look()
      if (signal.aborted) return
      const missing = topics === undefined ? [] : this.#parts.names.filter((name) => !topics.includes(name))
      if (topics !== undefined) {
        const now = topics.join()
        if (now !== before) found(topics)
        before = now
        this.#tellMissing(missing)
        if (missing.length === 0 && pattern === null) return
      }
      const isIncomplete = topics === undefined || missing.length > 0
      await clock.sleep(isIncomplete ? MISSING_LOOK_MS : ageMaxMs, signal)
    }
  }

  /** In order. Undefined when the brokers could not be asked now. */
  async #look(): Promise<readonly string[] | undefined> {
    const { names, pattern, except, describe, logger } = this.#parts
    try {
      const there = (await describe(pattern === null ? names : undefined)).map(({ topic }) => topic)
      if (pattern === null) return there.toSorted()
      return there.filter((name) => name !== except && !INTERNAL.has(name) && pattern.test(name)).toSorted()
    } catch (error) {
      if (!isRetriable(error)) throw error
      logger.warn('The topics could not be looked up; it is tried again', { reason: describeError(error) })
      return undefined
    }
  }

  #tellMissing(missing: readonly string[]): void {
    const topics = missing.join(', ')
    if (topics !== '' && topics !== this.#told)
      this.#parts.logger.warn('Waiting for topics that are not there', { topics })
    this.#told = topics
  }
}
