import type { Kafka } from '@sluice/kafka'
import type { Logger, RawSettings } from '@sluice/sdk'
import { groupSettings } from '../distributed-settings.ts'
import { MergedPositions } from '../positions/merged-positions.ts'
import { TopicPositions, type TopicPositionsOptions } from '../positions/topic-positions.ts'
import { internalTopics, storageSettings } from '../storage/storage-settings.ts'
import { storeClientIds } from '../storage/store-clients.ts'

/**
 * Positions of the sources of a process: in the worker's offset topic, or in a connector's own (`offsets.storage.topic`), whose tasks here
 * share it.
 */
export class ConnectorPositions {
  readonly worker: TopicPositions
  readonly #kafka: Kafka
  readonly #options: TopicPositionsOptions
  readonly #own = new Map<string, Promise<MergedPositions>>()

  private constructor(kafka: Kafka, options: TopicPositionsOptions, worker: TopicPositions) {
    this.worker = worker
    this.#kafka = kafka
    this.#options = options
  }

  static async open(kafka: Kafka, settings: RawSettings, logger: Logger): Promise<ConnectorPositions> {
    const group = groupSettings.parse(settings)
    const topic = internalTopics(storageSettings.parse(settings), settings, logger).offset
    const clientId = storeClientIds(group['group.id'], settings['client.id'] ?? '').offsets
    const isolation = group['exactly.once.source.support'] === 'enabled' ? 'read_committed' : 'read_uncommitted'
    const options: TopicPositionsOptions = { topic, clientId, isolation, logger }
    return new ConnectorPositions(kafka, options, await TopicPositions.open(kafka, options))
  }

  /** The topic that a connector has for itself; null: its positions are in the worker's. `config` resolved. */
  ownTopic(config: RawSettings): string | null {
    const topic = config['offsets.storage.topic']
    return topic === undefined || topic === this.worker.topic ? null : topic
  }

  /** Where a connector's are. */
  async of(config: RawSettings): Promise<TopicPositions | MergedPositions> {
    const topic = this.ownTopic(config)
    if (topic === null) return this.worker
    let own = this.#own.get(topic)
    if (own === undefined) {
      own = this.openOwn(topic)
      this.#own.set(topic, own)
      own.catch(() => this.#own.delete(topic))
    }
    return own
  }

  async close(): Promise<void> {
    for (const own of this.#own.values()) await (await own.catch(() => null))?.close()
    await this.worker.close()
  }

  /** On the worker's cluster, whatever cluster the connector's producers write to. Whoever opens it closes it. */
  async openOwn(topic: string): Promise<MergedPositions> {
    const { logger } = this.#options
    const own = { ...this.#options.topic, topic, setting: 'offsets.storage.topic' }
    return new MergedPositions(
      await TopicPositions.open(this.#kafka, { ...this.#options, topic: own }),
      this.worker,
      logger,
    )
  }
}
