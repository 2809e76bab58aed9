import type { ConfigListener, SessionKey } from '../storage/config-store.ts'
import type { RestartRequest, TaskId } from './herder.ts'
import { strongerRestart } from './restart-plan.ts'

/** What has changed in the config topic since the herder last looked. */
export interface Changes {
  readonly restarts: readonly RestartRequest[]
  /** Connectors whose config was written again. */
  readonly configs: readonly string[]
  readonly targetStates: readonly string[]
  /** Connectors with new task configs. */
  readonly tasks: readonly string[]
  readonly removed: readonly string[]
  /** Connectors came or went, or task configs are new: the work is to be shared out anew. */
  readonly needsRejoin: boolean
}

/** Gathers what the reader of the config topic tells, at any time, for the herder's tick. */
export class ConfigChanges implements ConfigListener {
  readonly #known = new Set<string>()
  readonly #restarts = new Map<string, RestartRequest>()
  readonly #configs = new Set<string>()
  readonly #targetStates = new Set<string>()
  readonly #tasks = new Set<string>()
  readonly #removed = new Set<string>()
  #needsRejoin = false
  readonly #wake: () => void
  readonly #onLoggerLevel: (namespace: string, level: string) => void
  readonly #onTasks: (connector: string) => void

  constructor(parts: {
    readonly wake: () => void
    /** At once. */
    readonly onLoggerLevel: (namespace: string, level: string) => void
    /** At once, in the order of the topic. */
    readonly onTasks: (connector: string) => void
  }) {
    this.#wake = parts.wake
    this.#onLoggerLevel = parts.onLoggerLevel
    this.#onTasks = parts.onTasks
  }

  /** What the start-up read has found. */
  begin(connectors: readonly string[]): void {
    for (const connector of connectors) this.#known.add(connector)
  }

  connectorChanged(connector: string): void {
    // Also when it is new: it may be one of the same name that was deleted just now and still runs here. What does not is left alone.
    this.#configs.add(connector)
    if (!this.#known.has(connector)) this.#needsRejoin = true
    this.#known.add(connector)
    this.#wake()
  }

  connectorRemoved(connector: string): void {
    this.#known.delete(connector)
    this.#configs.delete(connector)
    this.#removed.add(connector)
    this.#needsRejoin = true
    this.#wake()
  }

  /** An empty set (the connector was stopped) names nobody: the rebalance takes the tasks away. */
  tasksChanged(ids: readonly TaskId[]): void {
    for (const connector of new Set(ids.map((id) => id.connector))) {
      this.#onTasks(connector)
      this.#tasks.add(connector)
    }
    this.#needsRejoin = true
    this.#wake()
  }

  targetStateChanged(connector: string): void {
    this.#targetStates.add(connector)
    this.#wake()
  }

  sessionKeyChanged(_key: SessionKey): void {
    this.#wake()
  }

  restartRequested(request: RestartRequest): void {
    const waiting = this.#restarts.get(request.connector)
    this.#restarts.set(request.connector, waiting === undefined ? request : strongerRestart(waiting, request))
    this.#wake()
  }

  loggerLevelChanged(namespace: string, level: string): void {
    this.#onLoggerLevel(namespace, level)
  }

  take(): Changes {
    const changes: Changes = {
      restarts: [...this.#restarts.values()],
      configs: [...this.#configs],
      targetStates: [...this.#targetStates],
      tasks: [...this.#tasks],
      removed: [...this.#removed],
      needsRejoin: this.#needsRejoin,
    }
    for (const gathered of [this.#configs, this.#targetStates, this.#tasks, this.#removed]) gathered.clear()
    this.#restarts.clear()
    this.#needsRejoin = false
    return changes
  }
}
