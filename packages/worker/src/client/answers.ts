/** What Connect's REST API answers and takes, as TypeScript; the same as JSON Schemas is in rest/shapes.ts, under the same names. */

export type WorkState = 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'STOPPED' | 'FAILED' | 'RESTARTING'

export type ConfigShown = Readonly<Record<string, string>>

/** Null says nothing; in a patch it deletes. */
export type ConfigGiven = Readonly<Record<string, string | number | boolean | null>>

export interface ConnectorInfoShown {
  readonly name: string
  readonly config: ConfigShown
  readonly tasks: readonly { readonly connector: string; readonly task: number }[]
  readonly type: string
}

export interface WorkShown {
  readonly state: WorkState
  readonly worker_id: string
  /** Not said by workers before Kafka 4.1. */
  readonly version?: string | null
  /** Of a failure. */
  readonly trace?: string
}

export interface TaskShown extends WorkShown {
  readonly id: number
}

export interface ConnectorStatusShown {
  readonly name: string
  readonly connector: WorkShown
  readonly tasks: readonly TaskShown[]
  readonly type: string
}

export interface SettingShown {
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly default_value: string | null
  readonly importance: string
  readonly documentation: string
  readonly group: string | null
  readonly display_name: string
}

export interface ValidationShown {
  readonly name: string
  readonly error_count: number
  readonly groups: readonly string[]
  readonly configs: readonly {
    readonly definition: SettingShown | null
    readonly value: {
      readonly name: string
      readonly value: string | null
      readonly recommended_values: readonly (string | null)[]
      readonly errors: readonly string[]
      readonly visible: boolean
    }
  }[]
}

export interface PluginShown {
  readonly class: string
  readonly type: string
  readonly version?: string | null
}

export type PositionPart = Readonly<Record<string, unknown>>

export interface OffsetShown {
  readonly partition: PositionPart
  readonly offset: PositionPart | null
}

export interface LoggerShown {
  readonly level: string
  /** Milliseconds since the epoch; not said by workers before Kafka 3.7. */
  readonly last_modified?: number | null
}

export type ProcessorState = 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'DEGRADED' | 'FAILED' | 'RESTARTING'

export interface ProcessorShown {
  readonly name: string
  readonly class: string | null
  readonly state: ProcessorState
  readonly version: string | null
  readonly deployment: number
  /** On all workers; and those of them that run. */
  readonly instances: number
  readonly running: number
  readonly tasks: number
}

export interface ProcessorInfoShown {
  readonly name: string
  readonly config: ConfigShown
  readonly target_state: 'RUNNING' | 'PAUSED'
  readonly deployment: number
  readonly version: string | null
}

export interface ProcessorInstanceShown {
  readonly id: number
  readonly worker_id: string
  readonly state: WorkState
  /** As Kafka Streams calls it; null where it does not run. */
  readonly streams_state: string | null
  readonly version: string | null
  readonly deployment: number
  readonly trace?: string
}

export interface ProcessorStatusShown {
  readonly name: string
  readonly state: ProcessorState
  readonly target_state: 'RUNNING' | 'PAUSED'
  /** Whose records are held back; `key` is null where it is no text in UTF-8. Absent: the worker is of a release that has none. */
  readonly paused_keys?: readonly { readonly topic: string; readonly key: string | null; readonly key_base64: string }[]
  readonly deployment: number
  readonly version: string | null
  readonly instances: readonly ProcessorInstanceShown[]
  readonly tasks: readonly {
    readonly id: string
    readonly instance: number
    readonly worker_id: string
    readonly partitions: readonly { readonly topic: string; readonly partition: number }[]
  }[]
  /** Where it was asked for. */
  readonly lag?: ProcessorLagShown
}

export interface ProcessorLagShown {
  /** Records that the partition is behind which is furthest behind; null: not known. */
  readonly highest: number | null
  readonly partitions: readonly {
    readonly topic: string
    readonly partition: number
    readonly committed_offset: number | null
    readonly end_offset: number
    readonly lag: number
  }[]
  /** Why it is not known, or not all of it. */
  readonly problem: string | null
}

export interface ProcessorVersionShown {
  readonly deployment: number
  readonly version: string | null
  /** Milliseconds since the epoch. */
  readonly deployed_at: number
  readonly is_current: boolean
  readonly runs_on: readonly string[]
  readonly config: ConfigShown
}

export interface ProcessorLogsShown {
  readonly lines: readonly {
    /** Milliseconds since the epoch. */
    readonly at: number
    readonly worker_id: string
    readonly instance: number | null
    readonly level: string
    readonly message: string
  }[]
  readonly silent_workers: readonly string[]
}

/** By the names of rest/shapes.ts. */
export interface Answers {
  readonly ServerInfo: { readonly version: string; readonly commit: string; readonly kafka_cluster_id: string }
  readonly Health: { readonly status: string; readonly message: string }
  readonly Probe: { readonly status: string }
  readonly Config: ConfigShown
  readonly ConnectorInfo: ConnectorInfoShown
  readonly ConnectorStatus: ConnectorStatusShown
  readonly TaskStatus: TaskShown
  readonly ConnectorNames: readonly string[]
  readonly Tasks: readonly {
    readonly id: { readonly connector: string; readonly task: number }
    readonly config: ConfigShown
  }[]
  readonly ActiveTopics: Readonly<Record<string, { readonly topics: readonly string[] }>>
  readonly OffsetsShown: { readonly offsets: readonly OffsetShown[] }
  readonly Message: { readonly message: string }
  readonly Plugins: readonly PluginShown[]
  readonly SettingDefinitions: readonly SettingShown[]
  readonly Validation: ValidationShown
  readonly Loggers: Readonly<Record<string, LoggerShown>>
  readonly LoggerLevel: LoggerShown
  readonly LoggerNames: readonly string[]
  readonly OpenApi: Readonly<Record<string, unknown>>
  readonly Processors: readonly ProcessorShown[]
  readonly ProcessorInfo: ProcessorInfoShown
  readonly ProcessorStatus: ProcessorStatusShown
  readonly ProcessorVersions: readonly ProcessorVersionShown[]
  readonly ProcessorLogs: ProcessorLogsShown
  readonly ProcessorPlugins: readonly { readonly class: string; readonly name: string }[]
  /** Text where that was asked for. */
  readonly Topology: Readonly<Record<string, unknown>> | string
  readonly text: string
}

/** Bodies of requests, by the names of rest/shapes.ts. */
export interface Bodies {
  readonly CreateConnector: { readonly name: string; readonly config: ConfigGiven; readonly initial_state?: string }
  readonly CreateProcessor: { readonly name: string; readonly config: ConfigGiven; readonly initial_state?: string }
  readonly ConfigGiven: ConfigGiven
  readonly ConfigPatch: ConfigGiven
  readonly Offsets: { readonly offsets: readonly OffsetShown[] }
  readonly LevelWanted: { readonly level: string }
}

/** `GET /connectors?expand=status&expand=info`: each part where it was asked for. */
export type ExpandedConnectors = Readonly<
  Record<string, { readonly status?: ConnectorStatusShown; readonly info?: ConnectorInfoShown }>
>
