import type { Kafka } from '@sluice/kafka'
import type { Clock, Logger, Random, RawSettings, SluiceError } from '@sluice/sdk'
import type { WorkEnvironment } from '../cells/work-environment.ts'
import type { ConnectorOffset } from '../herder/herder.ts'
import type { ConnectorOffsets, SinkOffset, SinkPartition } from '../herder/ports.ts'
import { cleanly } from '../provided-values.ts'
import { adminOfTask, assertSameCluster, kafkaOfTask } from '../task-kafka.ts'
import { transactional, type ConnectorPositions } from './connector-positions.ts'
import type { ListedPositions, PositionChange } from './position-store.ts'

export interface KafkaOffsetsParts {
  readonly kafka: Kafka
  /** The worker's settings, resolved. */
  readonly worker: RawSettings
  readonly positions: ConnectorPositions
  /** Of a connector's first task, where sources are exactly once; null: they are not. */
  readonly transactionalId: ((connector: string) => string) | null
  /** Puts the values of config providers in. */
  readonly resolve: WorkEnvironment['resolve']
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** Positions of sources where the worker's settings have them; offsets of sinks in their groups, on whatever cluster those are. */
export class KafkaConnectorOffsets implements ConnectorOffsets {
  readonly #parts: KafkaOffsetsParts

  constructor(parts: KafkaOffsetsParts) {
    this.#parts = parts
  }

  sourceOffsets(connector: string, config: RawSettings): Promise<readonly ConnectorOffset[]> {
    return this.#withPositions(config, async (store) => {
      const found = await store.positions(connector)
      return found.map(({ partition, position }) => ({ partition, offset: position }))
    })
  }

  alterSourceOffsets(connector: string, config: RawSettings, offsets: readonly ConnectorOffset[]): Promise<void> {
    // What came in by REST is flat: the herder has looked at it.
    const changes = offsets.map(({ partition, offset }) => ({ partition, position: offset }) as PositionChange)
    return this.#withPositions(config, async (store, settings) => {
      if (this.#parts.transactionalId === null) return store.store(connector, changes)
      const transactionalId = this.#parts.transactionalId(connector)
      const theirs = await kafkaOfTask(this.#parts, 'producer', settings, this.#parts.logger)
      try {
        if (theirs.isOwn) await assertSameCluster(theirs.kafka, this.#parts.kafka)
        const producer = await theirs.kafka.transactionalProducer({ transactionalId })
        try {
          await transactional(store).storeWith(producer, connector, changes)
        } finally {
          await producer.close()
        }
      } finally {
        await theirs.close()
      }
    })
  }

  sinkOffsets(connector: string, config: RawSettings): Promise<readonly SinkOffset[]> {
    return this.#withGroup(connector, config, async (kafka, groupId) => {
      const [outcome] = await kafka.admin.groups.offsets([groupId])
      if (outcome === undefined) return []
      if (outcome.error !== null) throw outcome.error
      return outcome.value.map(({ topic, partition, offset }) => ({ topic, partition, offset }))
    })
  }

  alterSinkOffsets(connector: string, config: RawSettings, offsets: readonly SinkOffset[]): Promise<void> {
    return this.#withGroup(connector, config, async (kafka, groupId) =>
      refuseAny(await kafka.admin.groups.alterOffsets(groupId, offsets)),
    )
  }

  deleteSinkOffsets(connector: string, config: RawSettings, partitions: readonly SinkPartition[]): Promise<void> {
    return this.#withGroup(connector, config, async (kafka, groupId) =>
      refuseAny(await kafka.admin.groups.deleteOffsets(groupId, partitions)),
    )
  }

  deleteSinkGroup(connector: string, config: RawSettings): Promise<void> {
    return this.#withGroup(connector, config, async (kafka, groupId) => {
      const [outcome] = await kafka.admin.groups.delete([groupId])
      if (outcome === undefined || outcome.error?.place?.['error'] === 'GROUP_ID_NOT_FOUND') return
      refuseAny([outcome])
    })
  }

  async #withPositions<T>(
    config: RawSettings,
    work: (store: ListedPositions, settings: RawSettings) => Promise<T>,
  ): Promise<T> {
    const { positions, resolve } = this.#parts
    const { settings, values } = await resolve(config)
    return cleanly(values, () => positions.during(settings, (store) => work(store, settings)))
  }

  async #withGroup<T>(
    connector: string,
    config: RawSettings,
    work: (kafka: Kafka, groupId: string) => Promise<T>,
  ): Promise<T> {
    const { settings, values } = await this.#parts.resolve(config)
    return cleanly(values, async () => {
      const { logger } = this.#parts
      const theirs = await kafkaOfTask(this.#parts, 'consumer', settings, logger)
      try {
        const admin = await adminOfTask(this.#parts, settings, theirs, logger)
        try {
          return await work(admin.kafka, settings['consumer.override.group.id'] ?? `connect-${connector}`)
        } finally {
          await admin.close()
        }
      } finally {
        await theirs.close()
      }
    })
  }
}

function refuseAny(outcomes: readonly { readonly error: SluiceError | null }[]): void {
  for (const { error } of outcomes) if (error !== null) throw error
}
