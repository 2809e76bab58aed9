/** Settings of the topic for what Kafka Connect does not know, in the manner of those of its three. */
import { defineSettings, nonEmptyString, type Logger, type ParsedSettings, type RawSettings } from '@sluice/sdk'
import {
  isReplicationFactor,
  topicConfigs,
  type InternalTopic,
  type StorageSettings,
} from '../storage/storage-settings.ts'

export const catalogueSettings = defineSettings({
  'catalog.storage.topic': {
    type: 'string',
    default: null,
    validator: nonEmptyString,
    importance: 'medium',
    documentation:
      'Compacted topic of one partition for what Kafka Connect does not know: processors. Default: the name of config.storage.topic with “-catalog” behind it. Made when it is missing. ' +
      'Further settings below the same prefix, as in catalog.storage.min.insync.replicas, become settings of the topic.',
  },
  'catalog.storage.replication.factor': {
    type: 'short',
    default: null,
    validator: isReplicationFactor,
    importance: 'low',
    documentation:
      "Replicas of catalog.storage.topic when it is created; -1 is the broker's default. Default: as config.storage.replication.factor.",
  },
})

export type CatalogueSettings = ParsedSettings<typeof catalogueSettings>

/** @param raw the worker's settings as they were given, for those that only the topic knows */
export function catalogueTopic(
  settings: CatalogueSettings,
  storage: StorageSettings,
  raw: RawSettings,
  logger: Logger,
): InternalTopic {
  return {
    topic: settings['catalog.storage.topic'] ?? `${storage['config.storage.topic']}-catalog`,
    setting: 'catalog.storage.topic',
    holds: 'processors',
    // The order of its records is what workers agree by.
    partitions: 1,
    replicationFactor: settings['catalog.storage.replication.factor'] ?? storage['config.storage.replication.factor'],
    configs: topicConfigs('catalog', raw, logger),
    mayCreate: storage['internal.topics.automatic.creation.enable'],
  }
}

/** What is wrong where the topic is also one of Kafka Connect's, whose readers would take its records for garbage, and it theirs. */
export function catalogueProblems(
  { topic, setting }: InternalTopic,
  others: readonly InternalTopic[],
): readonly string[] {
  return others
    .filter((other) => other.topic === topic)
    .map(
      (other) =>
        `${setting} is ${topic}, which is also the topic of ${other.setting}\n    Give the catalogue a topic of its own.`,
    )
}
