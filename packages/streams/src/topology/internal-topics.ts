/** The topics that an application keeps for itself: their names, partitions and settings, as Kafka Streams creates them. */
import type { StoreDefinition } from '../state/definition.ts'
import { checkName } from './names.ts'
import type { PartitionPlan } from './partition-plan.ts'
import type { Topology } from './topology.ts'

export interface InternalTopic {
  readonly name: string
  readonly kind: 'changelog' | 'repartition'
  readonly partitions: number
  /** Settings of the topic. The replication factor is the brokers' default. */
  readonly configs: Readonly<Record<string, string>>
}

/** How much longer than its store a changelog of windows keeps them: `windowstore.changelog.additional.retention.ms`. */
const ADDITIONAL_RETENTION_MS = 86_400_000
const CREATE_TIME = { 'message.timestamp.type': 'CreateTime' }

export function changelogTopicOf(applicationId: string, store: string): string {
  return `${applicationId}-${store}-changelog`
}

/**
 * The internal topics of an application. `topology` is the application's: see `Topology.forApplication`. Stores that are restored
 * from their source topic, or have no changelog, have none here. @throws SluiceError TOPOLOGY_INVALID for a name that is too long
 */
export function internalTopics(
  topology: Topology,
  applicationId: string,
  plan: PartitionPlan,
): readonly InternalTopic[] {
  const repartitions = [...topology.repartitions.keys()].map((name): InternalTopic => ({
    name,
    kind: 'repartition',
    partitions: plan.topics.get(name)!,
    configs: {
      ...CREATE_TIME,
      'cleanup.policy': 'delete',
      // Records are deleted when they have been processed, and not before.
      'retention.ms': '-1',
      'segment.bytes': '52428800',
    },
  }))
  const changelogs = topology.subtopologies.flatMap(({ id, stores }) =>
    stores.flatMap(({ definition, isGlobal }): InternalTopic[] => {
      if (definition.logging === null || isGlobal === true) return []
      const configs = { ...CREATE_TIME, ...changelogConfigs(definition), ...definition.logging }
      const name = changelogTopicOf(applicationId, definition.name)
      return [{ name, kind: 'changelog', partitions: plan.tasks.get(id)!, configs }]
    }),
  )
  const topics = [...repartitions, ...changelogs]
  // With the application's name before it, a name may be too long.
  for (const { name } of topics) checkName('Topic', name)
  return topics
}

/** Whether its changelog holds all of it as long as nobody cuts it: records are compacted, and never deleted for their age. */
export function isChangelogComplete(definition: StoreDefinition): boolean {
  const configs: Readonly<Record<string, string>> = { ...changelogConfigs(definition), ...definition.logging }
  return configs['cleanup.policy'] === 'compact'
}

function changelogConfigs(definition: StoreDefinition): Readonly<Record<string, string>> {
  const { kind } = definition
  if (kind === 'window' || kind === 'timestampedWindow' || kind === 'session') {
    // Duplicates have keys of their own: there is nothing to compact.
    const isCompacted = kind === 'session' || !definition.retainDuplicates
    return { 'cleanup.policy': isCompacted ? 'compact,delete' : 'delete', ...retention(definition.retentionMs) }
  }
  if (kind !== 'versioned') return { 'cleanup.policy': 'compact' }
  // Versions are records of one key: none may be compacted away that is still within the history.
  const lagMs = definition.historyRetentionMs + ADDITIONAL_RETENTION_MS
  return { 'cleanup.policy': 'compact', 'min.compaction.lag.ms': String(lagMs) }
}

function retention(retentionMs: number): Readonly<Record<string, string>> {
  return { 'retention.ms': retentionMs === Infinity ? '-1' : String(retentionMs + ADDITIONAL_RETENTION_MS) }
}
