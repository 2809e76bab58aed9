/**
 * What a connector is: a name, typed settings, how its work splits into tasks, and how one task is made.
 * A connector is one folder whose `src/index.ts` has it as its default export.
 */
import type { Clock, Logger, Metrics } from './ports.ts'
import type { SourcePartition, SourcePosition, TopicPartition } from './record.ts'
import type { SettingProblem, SettingsDeclaration, SettingsOf, SettingsShape, RawSettings } from './settings.ts'
import type { SinkTask, SinkTaskContext } from './sink-task.ts'
import type { SourceTask, SourceTaskContext } from './source-task.ts'

/** What a worker gives to a connector that runs beside its tasks. */
export interface ConnectorContext {
  readonly connector: string
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: Clock
  /** The tasks are to be made anew, as when a table has appeared. May be called at any time; it is done later. */
  requestTaskReconfiguration(): void
  /** The connector cannot go on: it is FAILED with this error. Its tasks go on. */
  raiseError(error: unknown): void
}

/** A connector that was started. */
export interface RunningConnector<S extends SettingsShape = SettingsShape> {
  /** As the connector's own, when what it found while running matters. */
  taskSettings?(settings: SettingsOf<S>, raw: RawSettings, maxTasks: number): Promise<RawSettings[]> | RawSettings[]
  stop(): Promise<void>
}

interface ConnectorBase<S extends SettingsShape> {
  /** Our name, such as `file`; what `connector.class` says. */
  readonly name: string
  readonly version: string
  /** Java class names accepted in `connector.class`, so that existing configurations run unchanged. */
  readonly aliases?: readonly string[]
  /** One paragraph for the generated reference page. */
  readonly documentation: string
  readonly settings: SettingsDeclaration<S>
  /**
   * Settings that the Java connectors of these aliases have and this one has not, each with what to say of it: a configuration that
   * has them is warned of, never refused.
   */
  readonly foreignSettings?: Readonly<Record<string, string>>
  /**
   * Settings of each task. Default: one task with the connector's own settings. Called by the worker whenever the connector
   * starts or asks for reconfiguration; at most `maxTasks` entries.
   */
  taskSettings?(settings: SettingsOf<S>, raw: RawSettings, maxTasks: number): Promise<RawSettings[]> | RawSettings[]
  /** What declarations cannot see: whether a table is there, a password right. Must end when the signal is aborted. */
  validate?(raw: RawSettings, signal: AbortSignal): Promise<readonly SettingProblem[]> | readonly SettingProblem[]
  /** For connectors that watch something while their tasks run. An error fails the connector, not its tasks. */
  start?(settings: SettingsOf<S>, context: ConnectorContext, signal: AbortSignal): Promise<RunningConnector<S>>
}

export interface SourceConnector<S extends SettingsShape = SettingsShape> extends ConnectorBase<S> {
  readonly kind: 'source'
  /**
   * Whether each record is read exactly once as long as its position is kept (KIP-618). Absent: the connector does not say, which
   * `exactly.once.support=required` refuses.
   */
  exactlyOnceSupport?(settings: SettingsOf<S>): 'supported' | 'unsupported'
  /** Whether tasks can say themselves where transactions end (`transaction.boundary=connector`). Absent: they cannot. */
  canDefineTransactionBoundaries?(settings: SettingsOf<S>): boolean
  /**
   * Looks at positions that an operator wants to set; null forgets a partition's. Throws a sentence when they mean nothing to this
   * connector. Returns whether it knows that they are right; absent: it does not, and they are written as given.
   * `raw`: the settings as they were given, the connector's `name` among them.
   */
  alterOffsets?(
    settings: SettingsOf<S>,
    positions: ReadonlyMap<SourcePartition, SourcePosition | null>,
    raw: RawSettings,
  ): Promise<boolean> | boolean
  createTask(settings: SettingsOf<S>, context: SourceTaskContext): SourceTask
}

export interface SinkConnector<S extends SettingsShape = SettingsShape> extends ConnectorBase<S> {
  readonly kind: 'sink'
  /**
   * As a source's, for a sink that keeps offsets with its data: it puts them there itself. By partition what is to be read next; null
   * forgets. When all are to be forgotten, those are given that Kafka has offsets of: none, where it has none.
   */
  alterOffsets?(
    settings: SettingsOf<S>,
    offsets: ReadonlyMap<TopicPartition, number | null>,
    raw: RawSettings,
  ): Promise<boolean> | boolean
  createTask(settings: SettingsOf<S>, context: SinkTaskContext): SinkTask
}

export type Connector = SourceConnector | SinkConnector

/** Declares a source connector; the settings' type flows into `createTask`. */
export function defineSource<S extends SettingsShape>(
  definition: Omit<SourceConnector<S>, 'kind'>,
): SourceConnector<S> {
  return Object.freeze({ ...definition, kind: 'source' as const })
}

/** Declares a sink connector; the settings' type flows into `createTask`. */
export function defineSink<S extends SettingsShape>(definition: Omit<SinkConnector<S>, 'kind'>): SinkConnector<S> {
  return Object.freeze({ ...definition, kind: 'sink' as const })
}
