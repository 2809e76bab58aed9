import type { Kafka } from '@sluice/kafka'
import { SluiceError, type RawSettings } from '@sluice/sdk'
import { MergedPositions } from './merged-positions.ts'
import type { ListedPositions } from './position-store.ts'
import { TopicPositions, type TopicPositionsOptions } from './topic-positions.ts'

/** Where the positions of all sources of a process are. Settings of connectors are given resolved. */
export interface ConnectorPositions {
  /** Where a connector's are; its tasks here share it. */
  of(config: RawSettings): Promise<ListedPositions>
  /** The same for as long as `work` takes. */
  during<T>(config: RawSettings, work: (store: ListedPositions) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** All in one place, whatever topics of their own connectors name: in a file. */
export function inOnePlace(store: ListedPositions): ConnectorPositions {
  return { of: async () => store, during: (_, work) => work(store), close: () => store.close() }
}

/** In the worker's offset topic, or in a connector's own (`offsets.storage.topic`). */
export class TopicConnectorPositions implements ConnectorPositions {
  readonly #worker: TopicPositions
  readonly #kafka: Kafka
  readonly #options: TopicPositionsOptions
  readonly #own = new Map<string, Promise<MergedPositions>>()

  private constructor(kafka: Kafka, options: TopicPositionsOptions, worker: TopicPositions) {
    this.#worker = worker
    this.#kafka = kafka
    this.#options = options
  }

  static async open(kafka: Kafka, options: TopicPositionsOptions): Promise<TopicConnectorPositions> {
    return new TopicConnectorPositions(kafka, options, await TopicPositions.open(kafka, options))
  }

  async of(config: RawSettings): Promise<TopicPositions | MergedPositions> {
    const topic = this.#ownTopic(config)
    if (topic === null) return this.#worker
    let own = this.#own.get(topic)
    if (own === undefined) {
      own = this.#openOwn(topic)
      this.#own.set(topic, own)
      own.catch(() => this.#own.delete(topic))
    }
    return own
  }

  async during<T>(config: RawSettings, work: (store: ListedPositions) => Promise<T>): Promise<T> {
    const topic = this.#ownTopic(config)
    if (topic === null) return work(this.#worker)
    const store = await this.#openOwn(topic)
    try {
      return await work(store)
    } finally {
      await store.close()
    }
  }

  async close(): Promise<void> {
    for (const own of this.#own.values()) await (await own.catch(() => null))?.close()
    await this.#worker.close()
  }

  /** Null: the connector has none for itself. */
  #ownTopic(config: RawSettings): string | null {
    const topic = config['offsets.storage.topic']
    return topic === undefined || topic === this.#worker.topic ? null : topic
  }

  /** On the worker's cluster, whatever cluster the connector's producers write to. */
  async #openOwn(topic: string): Promise<MergedPositions> {
    const { logger } = this.#options
    const own = { ...this.#options.topic, topic, setting: 'offsets.storage.topic' }
    return new MergedPositions(
      await TopicPositions.open(this.#kafka, { ...this.#options, topic: own }),
      this.#worker,
      logger,
    )
  }
}

/** Exactly once, positions are written in transactions: that takes a topic. */
export function transactional(store: ListedPositions): TopicPositions | MergedPositions {
  if (store instanceof TopicPositions || store instanceof MergedPositions) return store
  throw new SluiceError('INTERNAL', 'Positions that are not in a topic cannot be part of a transaction')
}
