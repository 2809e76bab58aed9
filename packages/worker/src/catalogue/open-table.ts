import type { Kafka } from '@sluice/kafka'
import type { Clock, Logger, Random } from '@sluice/sdk'
import { prepareTopic } from '../storage/internal-topic.ts'
import { catalogueTransactionalId } from '../storage/store-clients.ts'
import type { InternalTopic } from '../storage/storage-settings.ts'
import type { CatalogueTable } from './catalogue.ts'
import { KafkaTable } from './kafka-table.ts'

export interface OpenTableParts {
  /** `group.id` of the workers. */
  readonly groupId: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/**
 * Makes the catalogue's topic if it is missing and may be made, and reads it.
 * @throws SluiceError SETTINGS_INVALID when it is not fit; KAFKA_REFUSED, KAFKA_UNREACHABLE, KAFKA_TIMEOUT
 */
export async function openTable(kafka: Kafka, spec: InternalTopic, parts: OpenTableParts): Promise<CatalogueTable> {
  const { groupId, clock, random, logger } = parts
  await prepareTopic(kafka.admin, spec, logger, { isSinglePartition: true })
  const transactionalId = catalogueTransactionalId(groupId)
  return KafkaTable.open({ kafka, topic: spec.topic, transactionalId, clock, random, logger })
}
