import type { InternalTopic } from '../../src/storage/storage-settings.ts'
import { type StoreClientIds, storeClientIds } from '../../src/storage/store-clients.ts'
import { TestCluster } from '../support/test-cluster.ts'

export const CLIENT_IDS: StoreClientIds = storeClientIds('g', '')

/** A topic of a worker's own, under a name nobody else has. */
export function internalTopic(cluster: TestCluster, what: string, partitions: number): InternalTopic {
  return {
    topic: cluster.name(what),
    setting: `${what}.storage.topic`,
    holds: `${what} things`,
    partitions,
    replicationFactor: 1,
    configs: {},
    mayCreate: true,
  }
}

/** What a topic holds, as text. */
export async function lines(cluster: TestCluster, topic: string): Promise<readonly string[]> {
  return (await cluster.read(topic)).map(({ key, value }) => {
    return `${Buffer.from(key!).toString()} ${value === null ? 'null' : Buffer.from(value).toString()}`
  })
}
