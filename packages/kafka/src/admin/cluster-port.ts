import type { TopicPartition } from '@sluice/sdk'
import type { AclOperation } from './acls-port.ts'
import type { Outcome } from './admin-port.ts'

export interface BrokerDescription {
  readonly id: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export interface ClusterDescription {
  readonly clusterId: string
  /** -1 when it is not known. KRaft clusters name any broker here. */
  readonly controllerId: number
  readonly brokers: readonly BrokerDescription[]
  /** What this user may do with the cluster; null unless asked for. */
  readonly authorizedOperations: readonly AclOperation[] | null
}

export interface LogDir {
  readonly path: string
  /** Of the volume; -1 when the broker does not say. */
  readonly totalBytes: number
  readonly usableBytes: number
  readonly replicas: readonly (TopicPartition & {
    readonly sizeBytes: number
    readonly offsetLag: number
    /** It is being moved here from another directory of the broker. */
    readonly isFuture: boolean
  })[]
}

export interface FeatureLevels {
  readonly supported: Readonly<Record<string, { readonly min: number; readonly max: number }>>
  /** The level in force, as in `{ 'transaction.version': 2 }`. */
  readonly finalized: Readonly<Record<string, number>>
}

export interface FeatureUpdate {
  readonly feature: string
  /** 0: off. */
  readonly level: number
  /** Default `upgrade`; a downgrade that loses data is `unsafe-downgrade`. */
  readonly kind?: 'upgrade' | 'safe-downgrade' | 'unsafe-downgrade'
}

export interface ClusterAdmin {
  describe(options?: { readonly authorizedOperations?: boolean }): Promise<ClusterDescription>
  /** Per broker: all of them, or those named. */
  logDirs(brokers?: readonly number[]): Promise<readonly Outcome<number, readonly Outcome<string, LogDir>[]>[]>
  features(): Promise<FeatureLevels>
  /** All or none: rejects with the refusal. */
  updateFeatures(updates: readonly FeatureUpdate[], options?: { readonly validateOnly?: boolean }): Promise<void>
}
