import type { Admin, ProducerRecord, TopicSpec } from '@sluice/kafka'
import { describeError, SluiceError, type Logger } from '@sluice/sdk'

/** What a source needs to know of the topics it writes to. */
export interface TopicMakerParts {
  readonly admin: Pick<Admin, 'ensureTopics'>
  /** As the producer asks for them: a broker that makes topics by itself does so for whoever may write. */
  readonly producer: Pick<Admin, 'describeTopics'>
  /** How a topic that is not there is made; null: it is left to the broker (`topic.creation.enable=false`). */
  readonly creation: { spec(topic: string): TopicSpec } | null
  /** Where the positions of the task itself go in its own transactions: it may not write there, too. Null: not exactly once. */
  readonly positionTopic: string | null
  readonly logger: Logger
}

/** Refusals that say that this user may not make topics: perhaps the broker makes them, when they are written to. */
const NOT_ALLOWED: ReadonlySet<unknown> = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'UNSUPPORTED_VERSION',
])

/** Creates a source's topics before the first record goes to them (KIP-158). Existing topics are left alone. */
export class TopicMaker {
  readonly #parts: TopicMakerParts
  readonly #known = new Set<string>()

  constructor(parts: TopicMakerParts) {
    this.#parts = parts
  }

  /** The topics among these records that are used for the first time; null when there are none, which is nearly always. */
  missing(records: readonly ProducerRecord[]): readonly string[] | null {
    let last: string | undefined
    let missing: Set<string> | null = null
    for (const { topic } of records) {
      if (topic === last) continue
      last = topic
      if (!this.#known.has(topic)) (missing ??= new Set()).add(topic)
    }
    return missing === null ? null : [...missing]
  }

  /** Makes those that are not there, and gives back all. @throws SluiceError TASK_FAILED for the task's own position topic */
  async make(topics: readonly string[]): Promise<readonly string[]> {
    const { admin, creation, positionTopic, logger } = this.#parts
    if (positionTopic !== null && topics.includes(positionTopic)) throw ownPositions(positionTopic)
    if (creation === null) await this.#leaveToBroker(topics)
    else
      try {
        await admin.ensureTopics(topics.map((topic) => creation.spec(topic)))
      } catch (error) {
        if (!(error instanceof SluiceError) || !NOT_ALLOWED.has(error.place?.['error'])) throw error
        const facts = { topics: topics.join(','), reason: describeError(error) }
        logger.warn('Topics may not be created by this user: if they do not exist, it is left to the broker', facts)
        await this.#leaveToBroker(topics)
      }
    for (const topic of topics) this.#known.add(topic)
    return topics
  }

  /** Where the broker makes none, the producer waits for somebody who does. */
  async #leaveToBroker(topics: readonly string[]): Promise<void> {
    const { producer, logger } = this.#parts
    try {
      await producer.describeTopics(topics, { letBrokerCreate: true })
    } catch (error) {
      logger.warn('The broker could not be asked for topics', {
        topics: topics.join(','),
        reason: describeError(error),
      })
    }
  }
}

/** Reading positions waits for open transactions, and this one would wait for the reading: a dead lock. */
function ownPositions(topic: string): SluiceError {
  return new SluiceError(
    'TASK_FAILED',
    `The source wrote to ${topic}, which holds its own positions: exactly once this would never end`,
    {
      place: { topic },
      remedy: 'Have the source write to another topic, or name another offsets.storage.topic for it.',
    },
  )
}
