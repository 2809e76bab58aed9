import { SluiceError, type Clock, type RawSettings } from '@sluice/sdk'
import type { ExactlyOnceGuard } from '../cells/work-host.ts'
import type { ConfigStore } from '../storage/config-store.ts'
import { HerderError, NotLeader, type TaskId } from './herder.ts'
import { taskKey } from './holdings.ts'
import type { FenceProducers } from './ports.ts'
import { connectorNotFound, staleConfiguration } from './refusals.ts'

const RETRY_MS = 250
const RETRY_MAX_MS = 60_000
/** A rebalance, or a leader that does not know yet that it is one, may take so long. */
const PATIENCE_MS = 60_000

export interface FencingParts {
  readonly config: ConfigStore
  readonly fenceProducers: FenceProducers
  /** Runs what only the leader may do, in the herder's turn. @throws NotLeader */
  readonly asLeader: <T>(what: string, work: () => Promise<T>) => Promise<T>
}

/**
 * Shuts out the producers of older generations of a connector's source tasks (KIP-618), on the leader: fence first, then write how many
 * the next generation has. Whoever asks while that goes on for the same connector shares it.
 */
export class Fencing {
  readonly #parts: FencingParts
  readonly #underWay = new Map<string, Promise<void>>()

  constructor(parts: FencingParts) {
    this.#parts = parts
  }

  fence(connector: string): Promise<void> {
    const shared = this.#underWay.get(connector)
    if (shared !== undefined) return shared
    const mine = this.#fence(connector).finally(() => this.#underWay.delete(connector))
    this.#underWay.set(connector, mine)
    return mine
  }

  async #fence(connector: string): Promise<void> {
    const { asLeader, fenceProducers } = this.#parts
    const due = await asLeader(`fencing older tasks of connector ${connector}`, async () => this.#due(connector))
    if (due === null) return
    // Kafka is asked beside the tick: it may take long.
    if (due.producers > 0) await fenceProducers(connector, due.config, due.producers)
    await asLeader(`writing the fencing count of connector ${connector}`, async () => {
      const { config } = this.#parts
      const now = config.snapshot()
      if (!now.has(connector)) throw connectorNotFound(connector)
      // A newer set of tasks would be counted by this one's number.
      if (now.taskConfigs(connector) !== due.tasks && now.tasks(connector).length !== due.count)
        throw staleConfiguration()
      await config.putFencingCount(connector, due.count)
    })
  }

  #due(connector: string): {
    readonly config: RawSettings
    readonly tasks: readonly RawSettings[]
    readonly producers: number
    readonly count: number
  } | null {
    const snapshot = this.#parts.config.snapshot()
    const config = snapshot.connectorConfig(connector)
    if (config === undefined) throw connectorNotFound(connector)
    if (!snapshot.isFencingPending(connector)) return null
    const count = snapshot.tasks(connector).length
    const before = snapshot.fencingCount(connector)
    // One task before and one now: claiming the transactional id fences by itself.
    const producers = before === undefined || (before === 1 && count === 1) ? 0 : before
    return { config, tasks: snapshot.taskConfigs(connector), producers, count }
  }
}

export interface TaskGuardParts {
  readonly config: ConfigStore
  readonly syncTimeoutMs: number
  /** Here, or at the leader. */
  readonly fence: (connector: string) => Promise<void>
  /** Whether the task runs here with the newest task configs. */
  readonly isCurrent: (id: TaskId) => boolean
  readonly clock: Clock
}

/** What an exactly once task asks before it writes: fence the older ones; and, when its producer is claimed, am I still the one? */
export class TaskGuard implements ExactlyOnceGuard {
  readonly #parts: TaskGuardParts

  constructor(parts: TaskGuardParts) {
    this.#parts = parts
  }

  async fence(connector: string): Promise<void> {
    const { clock, fence } = this.#parts
    const firstAt = clock.monotonic()
    for (let delayMs = RETRY_MS; ; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
      try {
        await fence(connector)
        return
      } catch (error) {
        if (!mayPass(error) || clock.monotonic() - firstAt >= PATIENCE_MS) throw error
      }
      await clock.sleep(delayMs)
    }
  }

  async verify(id: TaskId): Promise<void> {
    const { config, syncTimeoutMs, isCurrent } = this.#parts
    await config.refresh(syncTimeoutMs)
    // A stop or a deletion that was read just now: the tick has not acted on it yet.
    if (isCurrent(id) && config.snapshot().taskConfig(id) !== undefined) return
    throw new SluiceError('KAFKA_FENCED', `Task ${taskKey(id)} is not this worker's any more, or has new settings`, {
      remedy: 'Nothing: the task runs elsewhere, or is started again with its new settings.',
    })
  }
}

/** A rebalance, a leader that has just changed, a session key that is not there yet. */
function mayPass(error: unknown): boolean {
  return error instanceof NotLeader || (error instanceof HerderError && [409, 503].includes(error.status))
}
