import type { Kafka } from '@sluice/kafka'
import type { Logger, RawSettings } from '@sluice/sdk'
import { groupSettings } from '../distributed-settings.ts'
import { standaloneSettings } from '../standalone/standalone-settings.ts'
import { internalTopics, offsetTopic, storageSettings } from '../storage/storage-settings.ts'
import { storeClientIds } from '../storage/store-clients.ts'
import { inOnePlace, TopicConnectorPositions, type ConnectorPositions } from './connector-positions.ts'
import { FilePositions } from './file-positions.ts'

export type WorkerMode = 'standalone' | 'distributed'

/** Opens the positions that the settings of a worker (resolved) name, in itself and in its cells. */
export async function openWorkerPositions(
  mode: WorkerMode,
  kafka: Kafka,
  raw: RawSettings,
  logger: Logger,
): Promise<ConnectorPositions> {
  const idOf = (groupId: string | null): string => storeClientIds(groupId, raw['client.id'] ?? '').offsets
  if (mode === 'distributed') {
    const group = groupSettings.parse(raw)
    const isolation = group['exactly.once.source.support'] === 'enabled' ? 'read_committed' : 'read_uncommitted'
    const topic = internalTopics(storageSettings.parse(raw), raw, logger).offset
    return TopicConnectorPositions.open(kafka, { topic, clientId: idOf(group['group.id']), isolation, logger })
  }
  const settings = standaloneSettings.parse(raw)
  const name = settings['offset.storage.topic']
  if (name === null) return inOnePlace(await FilePositions.open(settings['offset.storage.file.filename']!))
  return TopicConnectorPositions.open(kafka, {
    topic: offsetTopic(name, settings, raw, logger),
    clientId: idOf(null),
    logger,
  })
}
