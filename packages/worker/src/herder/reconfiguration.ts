import { describeError, SluiceError, type Clock, type Logger, type RawSettings } from '@sluice/sdk'
import type { WorkHost } from '../cells/work-host.ts'
import { cleanly } from '../provided-values.ts'
import type { ConfigSnapshot, ConfigStore } from '../storage/config-store.ts'
import type { ResolveConfig } from './config-reload.ts'
import { withDeadline } from './deadline.ts'
import { HerderError } from './herder.ts'
import type { LocalWork } from './local-work.ts'
import { isSameConfig, withPlaceholders } from './placeholders.ts'

const BACKOFF_MS = 250
const BACKOFF_MAX_MS = 60_000
/** A connector that thinks longer about its tasks is asked again. */
const PATIENCE_MS = 60_000

export interface ReconfigurationParts {
  readonly host: WorkHost
  readonly config: ConfigStore
  readonly local: LocalWork
  readonly resolve: ResolveConfig
  /** Writes them, or hands them to the leader. */
  readonly publish: (connector: string, configs: readonly RawSettings[]) => Promise<void>
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Asks connectors that run here for their tasks' settings and publishes them where they differ. What fails is tried again with a
 * back-off, for ever, until a newer request takes over; the connector's status says so meanwhile. Beside the tick: a connector that
 * thinks for long holds nobody up.
 */
export class Reconfiguration {
  readonly #parts: ReconfigurationParts
  /** The newest request of each connector; older ones end when they see it. */
  readonly #turns = new Map<string, AbortController>()

  constructor(parts: ReconfigurationParts) {
    this.#parts = parts
  }

  /** In the background. */
  request(connector: string): void {
    this.#turns.get(connector)?.abort()
    const turn = new AbortController()
    this.#turns.set(connector, turn)
    void this.#run(connector, turn.signal).finally(() => {
      if (this.#turns.get(connector) === turn) this.#turns.delete(connector)
    })
  }

  cancel(connector: string): void {
    this.#turns.get(connector)?.abort()
  }

  stop(): void {
    for (const turn of this.#turns.values()) turn.abort()
  }

  async #run(connector: string, signal: AbortSignal): Promise<void> {
    const { clock, local, logger } = this.#parts
    let isRemarked = false
    for (let delayMs = BACKOFF_MS; !signal.aborted; delayMs = Math.min(delayMs * 2, BACKOFF_MAX_MS)) {
      try {
        await this.#reconfigure(connector, signal)
        if (isRemarked && !signal.aborted) local.remark(connector, null)
        return
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof SluiceError && error.code === 'TASKS_TOO_MANY') {
          local.failConnector(connector, describeError(error))
          return
        }
        logger.warn('Task configs could not be renewed', { connector, delayMs, reason: describeError(error) })
        // Between workers refusals are daily: a rebalance, a key that has just changed. They are no news of the connector.
        if (!(error instanceof HerderError)) {
          const at = new Date(clock.now() + delayMs).toISOString()
          local.remark(connector, `Task configs could not be made: ${describeError(error)}\nNext attempt at ${at}.`)
          isRemarked = true
        }
      }
      await clock.sleep(delayMs, signal)
    }
  }

  async #reconfigure(connector: string, signal: AbortSignal): Promise<void> {
    const { clock, config, host, resolve, publish } = this.#parts
    const before = this.#due(connector)
    if (before === null) return
    const settings = before.connectorConfig(connector)!
    const work = resolve(settings).then((resolved) =>
      cleanly(resolved.values, () => host.taskConfigs(connector, tasksMax(resolved.settings))),
    )
    const what = `The answer of connector ${connector} about its tasks`
    const made = await withDeadline(clock, PATIENCE_MS, what, work, signal)
    const now = config.snapshot()
    if (signal.aborted || this.#due(connector) === null) return
    const current = now.connectorConfig(connector)!
    // Made from settings that are not the connector's any more: its restart asks again.
    if (!isSameConfig(current, settings)) return
    const configs = withPlaceholders(current, made)
    if (isChanged(now, connector, configs)) await publish(connector, configs)
  }

  /** The snapshot, if the connector is here, known, and to run. */
  #due(connector: string): ConfigSnapshot | null {
    const snapshot = this.#parts.config.snapshot()
    if (!this.#parts.local.started.connectors.has(connector) || !snapshot.has(connector)) return null
    return snapshot.targetState(connector) === 'STARTED' ? snapshot : null
  }
}

/** Whether these differ from the current ones, or the connector's own settings have changed since those were made (KAFKA-9228). */
export function isChanged(snapshot: ConfigSnapshot, connector: string, configs: readonly RawSettings[]): boolean {
  const current = snapshot.taskConfigs(connector)
  if (snapshot.isInconsistent(connector) || configs.length !== current.length) return true
  if (configs.some((config, at) => !isSameConfig(config, current[at]!))) return true
  const applied = snapshot.appliedConfig(connector)
  return applied !== undefined && !isSameConfig(applied, snapshot.connectorConfig(connector) ?? {})
}

/** It was valid when it was written; a value of a config provider may have become another since. */
function tasksMax(config: RawSettings): number {
  const given = config['tasks.max'] ?? '1'
  const count = Number(given)
  if (Number.isSafeInteger(count) && count >= 1) return count
  throw new SluiceError('SETTINGS_INVALID', `tasks.max is "${given}", and not a whole number above 0`, {
    remedy: 'Correct it in the settings of the connector, or in the config provider that it comes from.',
  })
}
