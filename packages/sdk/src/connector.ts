/**
 * What a connector is: a name, typed settings, how its work splits into tasks, and how one task is made.
 * A connector is one folder whose `src/index.ts` has it as its default export.
 */
import type { SettingsDeclaration, SettingsOf, SettingsShape, RawSettings } from './settings.ts'
import type { SinkTask, SinkTaskContext } from './sink-task.ts'
import type { SourceTask, SourceTaskContext } from './source-task.ts'

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
   * Settings of each task. Default: one task with the connector's own settings. Called by the worker whenever the connector
   * starts or asks for reconfiguration; at most `maxTasks` entries.
   */
  taskSettings?(settings: SettingsOf<S>, raw: RawSettings, maxTasks: number): Promise<RawSettings[]> | RawSettings[]
}

export interface SourceConnector<S extends SettingsShape = SettingsShape> extends ConnectorBase<S> {
  readonly kind: 'source'
  createTask(settings: SettingsOf<S>, context: SourceTaskContext): SourceTask
}

export interface SinkConnector<S extends SettingsShape = SettingsShape> extends ConnectorBase<S> {
  readonly kind: 'sink'
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
