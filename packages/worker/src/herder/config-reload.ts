import { describeError, type Clock, type Logger, type RawSettings } from '@sluice/sdk'
import type { ResolvedSettings } from '../config-providers.ts'
import { hasVariable } from '../variables.ts'
import { withDeadline } from './deadline.ts'
import type { TaskId } from './herder.ts'
import { taskKey } from './holdings.ts'
import { isSameConfig } from './placeholders.ts'
import type { Tick } from './tick.ts'

/** A start waits no longer for a provider than this; where the work runs it is asked again. */
const PATIENCE_MS = 5_000
/** Whatever a provider says: values are not asked for more often than so. */
const LOOK_MIN_MS = 1_000
/** The longest that a timer takes: some 24 days. */
const LOOK_MAX_MS = 2_147_483_647
/** After a provider could not read. */
const RETRY_MS = 10_000

/** Puts the values of config providers in. @throws SluiceError when a provider cannot read */
export type ResolveConfig = (config: RawSettings) => Promise<ResolvedSettings>

export interface ConfigReloadParts {
  readonly resolve: ResolveConfig
  readonly restart: (work: string | TaskId) => void
  readonly later: Tick['later']
  readonly clock: Clock
  readonly logger: Logger
}

interface Lease {
  readonly settings: RawSettings
  readonly over: AbortController
}

/**
 * What runs here with values of config providers: when they run out (KIP-297's TTL) they are asked for again, and a connector or task
 * whose values are others by then starts anew, unless its `config.action.reload` is `none`. Kafka Connect restarts the connector whether
 * they have changed or not, and its tasks never.
 */
export class ConfigReload {
  readonly #parts: ConfigReloadParts
  readonly #leases = new Map<string, Lease>()

  constructor(parts: ConfigReloadParts) {
    this.#parts = parts
  }

  /** To be called before each start: what is read here is never newer than what the work itself reads. Never rejects. */
  async starting(work: string | TaskId, config: RawSettings): Promise<void> {
    this.ended(work)
    if (!Object.values(config).some(hasVariable)) return
    const { clock, logger } = this.#parts
    try {
      const { settings, ttlMs } = await withDeadline(
        clock,
        PATIENCE_MS,
        'A config provider',
        this.#parts.resolve(config),
      )
      const lease = { settings, over: new AbortController() }
      this.#leases.set(keyOf(work), lease)
      if (ttlMs !== null && config['config.action.reload']?.toLowerCase() !== 'none')
        void this.#watch(work, config, lease, ttlMs)
    } catch (error) {
      // The start will fail of the same, and tell.
      logger.debug('The values of config providers are not known', { work: keyOf(work), reason: describeError(error) })
    }
  }

  ended(work: string | TaskId): void {
    this.#leases.get(keyOf(work))?.over.abort()
    this.#leases.delete(keyOf(work))
  }

  /** What it was started with, values put in; null: it was started with none, or they are not known. */
  settingsOf(work: string | TaskId): RawSettings | null {
    return this.#leases.get(keyOf(work))?.settings ?? null
  }

  async #watch(work: string | TaskId, config: RawSettings, lease: Lease, firstMs: number): Promise<void> {
    const { resolve, restart, later, clock, logger } = this.#parts
    const { signal } = lease.over
    for (let waitMs: number | null = firstMs; waitMs !== null;) {
      await clock.sleep(Math.min(Math.max(waitMs, LOOK_MIN_MS), LOOK_MAX_MS), signal)
      if (signal.aborted) return
      try {
        const { settings, ttlMs } = await withDeadline(clock, PATIENCE_MS, 'A config provider', resolve(config))
        if (!isSameConfig(settings, lease.settings)) {
          logger.info('Values of config providers have changed; starting anew with them', { work: keyOf(work) })
          later(`restarting ${keyOf(work)} with new values`, 0, () => {
            if (!signal.aborted) restart(work)
          })
          return
        }
        waitMs = ttlMs
      } catch (error) {
        logger.warn('A config provider does not say what has become of values that have run out; asking again', {
          work: keyOf(work),
          reason: describeError(error),
        })
        waitMs = RETRY_MS
      }
    }
  }
}

function keyOf(work: string | TaskId): string {
  return typeof work === 'string' ? `connector ${work}` : `task ${taskKey(work)}`
}
