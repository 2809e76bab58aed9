/**
 * What decides: which connectors there are, where they run, and in which state they are to be. REST, the CLI and tests speak to it through
 * `Herder`; there are two, standalone and distributed, with Kafka Connect's behaviour (`org.apache.kafka.connect.runtime.Herder`).
 */
import type { RawSettings, SettingDefinition, SettingsValidation } from '@sluice/sdk'
import type { Measures } from '../operations/measures.ts'

/** A task of a connector; -1 never occurs here: in the group's bytes alone it stands for the connector itself. */
export interface TaskId {
  readonly connector: string
  readonly task: number
}

export type ConnectorType = 'source' | 'sink' | 'unknown'

/** What a connector is to do. In REST's `initial_state` STARTED is called RUNNING. */
export type TargetState = 'STARTED' | 'PAUSED' | 'STOPPED'

/** What a connector or task does. STOPPED is of connectors alone; DESTROYED is never shown. */
export type WorkState = 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'FAILED' | 'RESTARTING' | 'STOPPED' | 'DESTROYED'

export interface ConnectorInfo {
  readonly name: string
  readonly config: RawSettings
  readonly tasks: readonly TaskId[]
  readonly type: ConnectorType
}

export interface WorkStatus {
  readonly state: WorkState
  readonly workerId: string
  /** Of a failure: the error with its causes; null without one. */
  readonly trace: string | null
  /** Of the plugin; null when it is not known (workers before 4.1). */
  readonly version: string | null
}

export interface ConnectorStateInfo {
  readonly name: string
  readonly connector: WorkStatus
  /** In the order of their numbers. */
  readonly tasks: readonly (WorkStatus & { readonly id: number })[]
  readonly type: ConnectorType
}

/** KIP-745. */
export interface RestartRequest {
  readonly connector: string
  readonly onlyFailed: boolean
  readonly includeTasks: boolean
}

/** A position as REST shows and takes it; null as an offset forgets the partition's. */
export interface ConnectorOffset {
  /** Null: a request that names none, which is refused (400 for sinks). */
  readonly partition: Readonly<Record<string, unknown>> | null
  readonly offset: Readonly<Record<string, unknown>> | null
}

export type PluginKind = 'source' | 'sink' | 'converter' | 'header_converter' | 'transformation' | 'predicate'

export interface PluginInfo {
  readonly class: string
  readonly type: PluginKind
  readonly version?: string
}

export interface LoggerLevel {
  readonly level: string
  /** Milliseconds since the epoch; null when it is as it was configured. */
  readonly lastModified: number | null
}

/** How an internal request was signed (KIP-507); the bytes are the body's, as they came. */
export interface InternalRequest {
  readonly body: Uint8Array
  readonly signature: string | null
  readonly algorithm: string | null
}

/** What the herder's tick does or did last, for answers that came too late: "stopping connector x". */
export interface HerderStage {
  readonly what: string
  /** Milliseconds since the epoch. */
  readonly since: number
  /** Null while it goes on. */
  readonly until: number | null
}

/**
 * Requests reject with HerderErrors, whose status is the HTTP status to answer with, or with NotLeader or NotAssigned, which say where
 * to send the request instead; anything else is a 500. What waits for the tick has no deadline here: REST has one.
 */
export interface Herder {
  readonly mode: 'standalone' | 'distributed'
  /** `host:port` that is advertised, as statuses name it. */
  readonly workerId: string
  readonly kafkaClusterId: string
  /** Null where there is no tick (standalone). */
  stage(): HerderStage | null
  /** What it has measured, for `/metrics`. At once. */
  measures(): Measures

  /** Starts in the background: `ready` tells. */
  start(): Promise<void>
  /** Stops all work in order, writes what is to be written, leaves the group. Idempotent. */
  stop(): Promise<void>
  /** Whether start-up is complete. */
  readonly isReady: boolean
  /** A round through the tick: resolves if the herder is able to serve. */
  healthCheck(): Promise<void>

  /** From the local snapshot, at once. */
  connectors(): readonly string[]
  connectorInfo(connector: string): Promise<ConnectorInfo>
  /** As it was given, with placeholders. */
  connectorConfig(connector: string): Promise<RawSettings>
  /** @throws HerderError 409 where it exists and must not be replaced, 400 for invalid settings */
  putConnectorConfig(
    connector: string,
    config: RawSettings,
    options: { readonly mayReplace: boolean; readonly targetState?: TargetState },
  ): Promise<{ readonly isCreated: boolean; readonly info: ConnectorInfo }>
  /** Null deletes a key. */
  patchConnectorConfig(connector: string, patch: Readonly<Record<string, string | null>>): Promise<ConnectorInfo>
  deleteConnector(connector: string): Promise<void>

  /** From the local copy of the statuses, at once. @throws HerderError 404 */
  connectorStatus(connector: string): ConnectorStateInfo
  taskStatus(id: TaskId): ConnectorStateInfo['tasks'][number]
  /** The connector alone. */
  restartConnector(connector: string): Promise<void>
  /** Resolves to the plan: what will be restarted shows RESTARTING. */
  restartConnectorAndTasks(request: RestartRequest): Promise<ConnectorStateInfo>
  restartTask(id: TaskId): Promise<void>
  /** Any worker writes these itself. */
  pauseConnector(connector: string): Promise<void>
  resumeConnector(connector: string): Promise<void>
  stopConnector(connector: string): Promise<void>

  taskConfigs(connector: string): Promise<readonly { readonly id: TaskId; readonly config: RawSettings }[]>
  /** From another worker; null: from this one. */
  putTaskConfigs(connector: string, configs: readonly RawSettings[], request: InternalRequest | null): Promise<void>
  fenceZombies(connector: string, request: InternalRequest | null): Promise<void>

  activeTopics(connector: string): readonly string[]
  resetActiveTopics(connector: string): Promise<void>

  connectorOffsets(connector: string): Promise<readonly ConnectorOffset[]>
  /** Null: forgets all. Resolves to the message for the answer. */
  alterConnectorOffsets(connector: string, offsets: readonly ConnectorOffset[] | null): Promise<string>

  plugins(connectorsOnly: boolean): readonly PluginInfo[]
  /** `version`: a Maven range; undefined: the latest. */
  pluginConfig(plugin: string, version: string | undefined): Promise<readonly SettingDefinition[]>
  /** @throws HerderError 400 when `plugin` and the config's `connector.class` are different ones */
  validateConfig(plugin: string | null, config: Readonly<Record<string, string | null>>): Promise<SettingsValidation>

  loggers(): ReadonlyMap<string, LoggerLevel>
  /** Null: no such logger. */
  logger(name: string): LoggerLevel | null
  /** The affected loggers. @throws HerderError 404 for a level that does not exist */
  setWorkerLoggerLevel(namespace: string, level: string): readonly string[]
  setClusterLoggerLevel(namespace: string, level: string): Promise<void>
}

/** A refusal with the HTTP status that Kafka Connect gives it. */
export class HerderError extends Error {
  override readonly name: string = 'HerderError'
  readonly status: number

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

/** Only the leader does this. */
export class NotLeader extends HerderError {
  override readonly name = 'NotLeader'
  /** Ends with a slash; null while nobody knows. */
  readonly leaderUrl: string | null

  constructor(message: string, leaderUrl: string | null) {
    super(409, message)
    this.leaderUrl = leaderUrl
  }
}

/** Only the worker that has the connector or task does this. */
export class NotAssigned extends HerderError {
  override readonly name = 'NotAssigned'
  readonly ownerUrl: string

  constructor(message: string, ownerUrl: string) {
    super(409, message)
    this.ownerUrl = ownerUrl
  }
}
