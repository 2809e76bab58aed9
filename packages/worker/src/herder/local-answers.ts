import type { SettingDefinition, SettingsValidation } from '@sluice/sdk'
import type { ConfigStore } from '../storage/config-store.ts'
import type { StatusStore } from '../storage/status-store.ts'
import { ClusterView } from './cluster-view.ts'
import { HerderError, type ConnectorStateInfo, type LoggerLevel, type PluginInfo, type TaskId } from './herder.ts'
import type { HerderLoggers, HerderPlugins } from './ports.ts'
import type { HerderSettings } from './settings.ts'

export interface LocalAnswerParts {
  readonly config: ConfigStore
  readonly status: StatusStore
  readonly plugins: HerderPlugins
  readonly loggers: HerderLoggers
  readonly settings: Pick<HerderSettings, 'isTrackingTopics' | 'mayResetTopics'>
}

/** What every herder answers out of what is at hand, without waiting for its turn. */
export abstract class LocalAnswers {
  protected readonly view: ClusterView
  readonly #parts: LocalAnswerParts

  constructor(parts: LocalAnswerParts) {
    this.#parts = parts
    this.view = new ClusterView(parts)
  }

  connectors(): readonly string[] {
    return this.view.connectors()
  }

  connectorStatus(connector: string): ConnectorStateInfo {
    return this.view.status(connector)
  }

  taskStatus(id: TaskId): ConnectorStateInfo['tasks'][number] {
    return this.view.taskStatus(id)
  }

  /** @throws HerderError 403 where no account is kept of them */
  activeTopics(connector: string): readonly string[] {
    this.#checkTracking()
    return this.view.activeTopics(connector)
  }

  /** @throws HerderError 403 where no account is kept of them, or it must stay */
  async resetActiveTopics(connector: string): Promise<void> {
    const { settings, status } = this.#parts
    this.#checkTracking()
    if (settings.mayResetTopics === false) throw new HerderError(403, 'Topic tracking reset is disabled.')
    status.removeTopics(connector)
  }

  plugins(connectorsOnly: boolean): readonly PluginInfo[] {
    return this.#parts.plugins.list(connectorsOnly)
  }

  pluginConfig(plugin: string, version: string | undefined): Promise<readonly SettingDefinition[]> {
    return this.#parts.plugins.definitions(plugin, version)
  }

  validateConfig(plugin: string | null, config: Readonly<Record<string, string | null>>): Promise<SettingsValidation> {
    return this.#parts.plugins.validate(plugin, config)
  }

  loggers(): ReadonlyMap<string, LoggerLevel> {
    return this.#parts.loggers.all()
  }

  logger(name: string): LoggerLevel | null {
    return this.#parts.loggers.get(name)
  }

  setWorkerLoggerLevel(namespace: string, level: string): readonly string[] {
    return this.#parts.loggers.set(namespace, level)
  }

  #checkTracking(): void {
    if (!this.#parts.settings.isTrackingTopics) throw new HerderError(403, 'Topic tracking is disabled.')
  }
}
