import type { Outcome } from './admin-port.ts'

export type ConfigResourceType = 'topic' | 'broker' | 'broker-logger' | 'client-metrics' | 'group'

export interface ConfigResource {
  readonly type: ConfigResourceType
  /** A broker's is its id; empty: the default of all brokers. */
  readonly name: string
}

/** Where a value comes from, the strongest first. */
export type ConfigSource =
  | 'topic'
  | 'dynamic-broker'
  | 'dynamic-default-broker'
  | 'static-broker'
  | 'default'
  | 'dynamic-broker-logger'
  | 'client-metrics'
  | 'group'
  | 'unknown'

export type ConfigType =
  'unknown' | 'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list' | 'class' | 'password'

export interface ConfigSynonym {
  readonly name: string
  readonly value: string | null
  readonly source: ConfigSource
}

export interface ConfigEntry {
  readonly name: string
  /** Null where it is secret, or not set. */
  readonly value: string | null
  readonly source: ConfigSource
  readonly isDefault: boolean
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
  readonly type: ConfigType
  /** Every place that sets it, the one that counts first; empty unless asked for. */
  readonly synonyms: readonly ConfigSynonym[]
  /** Null unless asked for. */
  readonly documentation: string | null
}

/** KIP-339: the settings that are not named keep their values. `append` and `subtract` work on lists. */
export type ConfigChange =
  | { readonly name: string; readonly operation: 'set' | 'append' | 'subtract'; readonly value: string }
  | { readonly name: string; readonly operation: 'delete' }

export interface ConfigsAdmin {
  describe<R extends ConfigResource & { readonly names?: readonly string[] }>(
    resources: readonly R[],
    options?: { readonly synonyms?: boolean; readonly documentation?: boolean },
  ): Promise<readonly Outcome<R, readonly ConfigEntry[]>[]>
  alter<R extends ConfigResource & { readonly changes: readonly ConfigChange[] }>(
    resources: readonly R[],
    options?: { readonly validateOnly?: boolean },
  ): Promise<readonly Outcome<R>[]>
  /** What has settings of its own (KIP-1142): before Apache Kafka 4.1 client-metrics only. */
  list(types?: readonly ConfigResourceType[]): Promise<readonly ConfigResource[]>
}
