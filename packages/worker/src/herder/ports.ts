/** What the herder asks of the parts beside it that have no door of their own. */
import type { RawSettings, SettingDefinition, SettingsValidation } from '@sluice/sdk'
import type { ConnectorOffset, ConnectorType, LoggerLevel, PluginInfo } from './herder.ts'

/** The installed plugins, and what they say about settings. */
export interface HerderPlugins {
  list(connectorsOnly: boolean): readonly PluginInfo[]
  /** @throws HerderError 404 for an unknown plugin, 400 for a bad version */
  definitions(plugin: string, version: string | undefined): Promise<readonly SettingDefinition[]>
  /**
   * May run a connector's code, and take long.
   * @throws HerderError 400 when `plugin` and the config's `connector.class` are different ones, or there is none
   */
  validate(plugin: string | null, config: Readonly<Record<string, string | null>>): Promise<SettingsValidation>
  /** `unknown` for a plugin that is not here. */
  connectorType(config: RawSettings): ConnectorType
}

export interface HerderLoggers {
  all(): ReadonlyMap<string, LoggerLevel>
  get(name: string): LoggerLevel | null
  /** The affected loggers. @throws HerderError 404 for a level that does not exist */
  set(namespace: string, level: string): readonly string[]
}

/** Where the positions and offsets of connectors are. None of it runs a connector's code. */
export interface ConnectorOffsets {
  sourceOffsets(connector: string, config: RawSettings): Promise<readonly ConnectorOffset[]>
  /** All or none; null as an offset forgets the partition's. Exactly once: after the old tasks were fenced, in a transaction. */
  alterSourceOffsets(connector: string, config: RawSettings, offsets: readonly ConnectorOffset[]): Promise<void>
  /** Of the connector's consumer group, on the cluster that its consumers read. */
  sinkOffsets(connector: string, config: RawSettings): Promise<readonly SinkOffset[]>
  /** @throws SluiceError with Kafka's word in its place: `error` */
  alterSinkOffsets(connector: string, config: RawSettings, offsets: readonly SinkOffset[]): Promise<void>
  deleteSinkOffsets(connector: string, config: RawSettings, partitions: readonly SinkPartition[]): Promise<void>
  /** A group that is not there counts as deleted. */
  deleteSinkGroup(connector: string, config: RawSettings): Promise<void>
}

export interface SinkPartition {
  readonly topic: string
  readonly partition: number
}

export interface SinkOffset extends SinkPartition {
  readonly offset: number
}

/**
 * The connector's own say about offsets that an operator wants to set (its `alterOffsets`). Runs a connector's code: ends within a
 * time-out of its own. Resolves to whether the connector knows that they are right. @throws the connector's own error
 */
export type OffsetsHook = (
  connector: string,
  config: RawSettings,
  offsets: readonly ConnectorOffset[],
) => Promise<boolean>

/** The group's leader, asked over REST (KIP-507, KIP-618). @throws HerderError with the status that it answered */
export interface LeaderDoor {
  putTaskConfigs(connector: string, configs: readonly RawSettings[], signal: AbortSignal): Promise<void>
  fenceZombies(connector: string, signal: AbortSignal): Promise<void>
}

/** Where the leader is, and what requests to it are signed with. */
export interface LeaderAddress {
  /** Null while nobody knows. */
  leaderUrl(): string | null
  /** Null: the group does not sign. @throws HerderError 503 while there is no key yet */
  signing(): { readonly key: Uint8Array; readonly algorithm: string } | null
}

/** Shuts out the producers of older source tasks: of `connector`'s tasks 0 to `tasks` - 1. */
export type FenceProducers = (connector: string, config: RawSettings, tasks: number) => Promise<void>
