import type { Admin } from '@sluice/kafka'
import type { ReplicationPolicy } from '../replication-policy.ts'

/** A week: so long every sync can be read, and every group be translated that is not further behind. Then the last ones are left. */
const KEPT_MS = 7 * 24 * 3600 * 1000

export interface SyncTopicSettings {
  readonly 'source.cluster.alias': string
  readonly 'target.cluster.alias': string
  readonly 'offset-syncs.topic.location': 'source' | 'target'
  readonly 'offset-syncs.topic.replication.factor': number
}

export function syncTopic(policy: ReplicationPolicy, settings: SyncTopicSettings): string {
  const isAtSource = settings['offset-syncs.topic.location'] === 'source'
  return policy.offsetSyncsTopic(settings[isAtSource ? 'target.cluster.alias' : 'source.cluster.alias'])
}

/** Makes it where it is missing. One that Java made is compacted at once: it holds the last sync of each partition. */
export async function ensureSyncTopic(admin: Admin, topic: string, settings: SyncTopicSettings): Promise<void> {
  const replicationFactor = settings['offset-syncs.topic.replication.factor']
  const configs = { 'cleanup.policy': 'compact', 'min.compaction.lag.ms': String(KEPT_MS) }
  await admin.ensureTopics([{ topic, partitions: 1, replicationFactor, configs }])
}
