/**
 * Administration: five verbs that everybody needs, and the rest by area. The everyday verbs reject with the first refusal; the
 * areas answer per item, because of many things asked at once some may be done and others not: `valuesOf` turns that back into
 * values or one error that names every refusal. Requests go where Kafka wants them (controller, leader, coordinator, a
 * certain broker), and what is refused retriably is asked again until requestTimeoutMs has passed.
 */
import type { SluiceError, TopicPartition, TopicPartitionOffset } from '@sluice/sdk'
import type { AclsAdmin } from './acls-port.ts'
import type { ClusterAdmin } from './cluster-port.ts'
import type { ConfigsAdmin } from './configs-port.ts'
import type { GroupsAdmin } from './groups-port.ts'
import type { PartitionsAdmin } from './partitions-port.ts'
import type { QuotasAdmin } from './quotas-port.ts'
import type { TopicsAdmin } from './topics-port.ts'
import type { TransactionsAdmin } from './transactions-port.ts'

export type * from './acls-port.ts'
export type * from './cluster-port.ts'
export type * from './configs-port.ts'
export type * from './groups-port.ts'
export type * from './partitions-port.ts'
export type * from './quotas-port.ts'
export type * from './topics-port.ts'
export type * from './transactions-port.ts'

/** What became of one item of a request that named several: its value, or why there is none. */
export type Outcome<K, V = undefined> =
  | { readonly item: K; readonly value: V; readonly error: null }
  | { readonly item: K; readonly value: null; readonly error: SluiceError }

export interface TopicSpec {
  readonly topic: string
  /** -1: the broker's default. */
  readonly partitions: number
  /** -1: the broker's default. Default -1. */
  readonly replicationFactor?: number
  readonly configs?: Readonly<Record<string, string>>
}

export interface TopicDescription {
  readonly topic: string
  readonly partitions: number
}

export interface Admin {
  /** Creates the topics that do not exist yet; resolves to the names it created. */
  ensureTopics(topics: readonly TopicSpec[]): Promise<readonly string[]>
  /** Resolves when they are gone; those that are not there count as gone. */
  deleteTopics(topics: readonly string[]): Promise<void>
  /**
   * Topics that exist; unknown names are left out. Without names: all. With `letBrokerCreate` a broker that makes topics by itself
   * (`auto.create.topics.enable`) begins to make those that do not exist: nobody else here has it do so.
   */
  describeTopics(
    topics?: readonly string[],
    options?: { readonly letBrokerCreate?: boolean },
  ): Promise<readonly TopicDescription[]>
  /** The offset of the first record still there, behind the last one, or of the first at or after a time (ms). */
  listOffsets(
    partitions: readonly TopicPartition[],
    at: 'earliest' | 'latest' | number,
  ): Promise<readonly TopicPartitionOffset[]>
  describeCluster(): Promise<{ readonly clusterId: string; readonly brokers: number }>
  readonly topics: TopicsAdmin
  readonly partitions: PartitionsAdmin
  readonly configs: ConfigsAdmin
  readonly groups: GroupsAdmin
  readonly transactions: TransactionsAdmin
  readonly acls: AclsAdmin
  readonly quotas: QuotasAdmin
  readonly cluster: ClusterAdmin
}
