import { TopicTable, type Kafka } from '@sluice/kafka'
import type { Clock, Logger } from '@sluice/sdk'
import { prepareTopic } from '../storage/internal-topic.ts'
import type { InternalTopic } from '../storage/storage-settings.ts'
import { Catalogue } from './catalogue.ts'

/** How long the start-up read may take. */
const START_MS = 600_000

/**
 * Makes the topic if it is missing and may be made, and reads it.
 * @throws SluiceError SETTINGS_INVALID when it is not fit; KAFKA_REFUSED, KAFKA_UNREACHABLE, KAFKA_TIMEOUT
 */
export async function openCatalogue(
  kafka: Kafka,
  spec: InternalTopic,
  parts: { readonly clock: Clock; readonly logger: Logger },
): Promise<Catalogue> {
  await prepareTopic(kafka.admin, spec, parts.logger)
  const table = await TopicTable.open(kafka, {
    topic: spec.topic,
    timeoutMs: START_MS,
    garbage: 'skip',
    logger: parts.logger,
  })
  return new Catalogue(table, parts)
}
