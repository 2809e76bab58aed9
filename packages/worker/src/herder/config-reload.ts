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
  /** What it was started with; null: not known. */
  settings: RawSettings | null
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

  /**
   * To be called before each start: what is read here is never newer than what the work itself reads. What is not here in time, or at
   * all, holds the start up no longer: it may be there for the work itself. Never rejects.
   */
  async starting(work: string | TaskId, config: RawSettings): Promise<void> {
    this.ended(work)
    if (!Object.values(config).some(hasVariable)) return
    const { clock, resolve, logger } = this.#parts
    const lease: Lease = { settings: null, over: new AbortController() }
    this.#leases.set(keyOf(work), lease)
    const first = resolve(config)
    void this.#watch(work, config, lease, first)
    try {
      await withDeadline(clock, PATIENCE_MS, 'A config provider', first, lease.over.signal)
    } catch (error) {
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

  async #watch(
    work: string | TaskId,
    config: RawSettings,
    lease: Lease,
    first: Promise<ResolvedSettings>,
  ): Promise<void> {
    const { resolve, clock, logger } = this.#parts
    const { signal } = lease.over
    const isReloading = config['config.action.reload']?.toLowerCase() !== 'none'
    let reading = first
    while (!signal.aborted) {
      let waitMs: number | null = RETRY_MS
      try {
        const { settings, ttlMs } = await reading
        if (signal.aborted) return
        const isRenewable = isReloading && ttlMs !== null
        if (reading !== first && isRenewable && isOther(settings, lease)) return this.#renew(work, signal)
        // The first was begun before the work was: late or not, the work has the same or newer.
        lease.settings ??= settings
        if (!isRenewable) return
        waitMs = ttlMs
      } catch (error) {
        if (signal.aborted) return
        logger.warn('A config provider does not say what has become of values; asking again', {
          work: keyOf(work),
          reason: describeError(error),
        })
      }
      await clock.sleep(Math.min(Math.max(waitMs, LOOK_MIN_MS), LOOK_MAX_MS), signal)
      if (!signal.aborted) reading = resolve(config)
    }
  }

  #renew(work: string | TaskId, signal: AbortSignal): void {
    const { restart, later, logger } = this.#parts
    logger.info('Values of config providers have changed, or were not known; starting anew with them', {
      work: keyOf(work),
    })
    later(`restarting ${keyOf(work)} with new values`, 0, () => {
      if (!signal.aborted) restart(work)
    })
  }
}

/** Of work whose values are not known it is not known either that they are these. */
function isOther(settings: RawSettings, lease: Lease): boolean {
  return lease.settings === null || !isSameConfig(settings, lease.settings)
}

function keyOf(work: string | TaskId): string {
  return typeof work === 'string' ? `connector ${work}` : `task ${taskKey(work)}`
}
