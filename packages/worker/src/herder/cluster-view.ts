import type { RawSettings } from '@sluice/sdk'
import type { ConfigStore } from '../storage/config-store.ts'
import type { StatusStore, StoredStatus } from '../storage/status-store.ts'
import {
  HerderError,
  type ConnectorInfo,
  type ConnectorStateInfo,
  type ConnectorType,
  type TaskId,
  type WorkStatus,
} from './herder.ts'
import { taskKey } from './holdings.ts'
import type { HerderPlugins } from './ports.ts'
import { connectorNotFound } from './refusals.ts'

/** What can be answered at once, from the local copies of the config and status topics. */
export class ClusterView {
  readonly #config: ConfigStore
  readonly #status: StatusStore
  readonly #plugins: HerderPlugins

  constructor(parts: { readonly config: ConfigStore; readonly status: StatusStore; readonly plugins: HerderPlugins }) {
    this.#config = parts.config
    this.#status = parts.status
    this.#plugins = parts.plugins
  }

  connectors(): readonly string[] {
    return this.#config.snapshot().connectors()
  }

  /** @throws HerderError 404 */
  config(connector: string): RawSettings {
    const config = this.#config.snapshot().connectorConfig(connector)
    if (config === undefined) throw connectorNotFound(connector)
    return config
  }

  info(connector: string): ConnectorInfo {
    const config = this.config(connector)
    const tasks = this.#config.snapshot().tasks(connector)
    return { name: connector, config, tasks, type: this.#plugins.connectorType(config) }
  }

  taskConfigs(connector: string): readonly { readonly id: TaskId; readonly config: RawSettings }[] {
    this.config(connector)
    const snapshot = this.#config.snapshot()
    return snapshot.tasks(connector).map((id) => ({ id, config: snapshot.taskConfig(id) ?? {} }))
  }

  type(connector: string): ConnectorType {
    const config = this.#config.snapshot().connectorConfig(connector)
    return config === undefined ? 'unknown' : this.#plugins.connectorType(config)
  }

  status(connector: string): ConnectorStateInfo {
    const status = this.#status.connector(connector)
    if (status === null) throw new HerderError(404, `No status found for connector ${connector}`)
    return {
      name: connector,
      connector: shown(status),
      tasks: this.#status.tasks(connector).map((task) => ({ id: task.id, ...shown(task) })),
      type: this.type(connector),
    }
  }

  taskStatus(id: TaskId): ConnectorStateInfo['tasks'][number] {
    const status = this.#status.task(id)
    if (status === null) throw new HerderError(404, `No status found for task ${taskKey(id)}`)
    return { id: id.task, ...shown(status) }
  }

  activeTopics(connector: string): readonly string[] {
    return [...new Set(this.#status.topics(connector).map((use) => use.topic))]
  }
}

function shown({ state, workerId, trace, version }: StoredStatus): WorkStatus {
  return { state, workerId, trace, version }
}
