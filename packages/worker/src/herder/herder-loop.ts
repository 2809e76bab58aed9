import { describeError, type Clock, type Logger } from '@sluice/sdk'
import type { ConfigStore } from '../storage/config-store.ts'
import type { StatusStore } from '../storage/status-store.ts'
import type { ClusterView } from './cluster-view.ts'
import type { ConfigChanges } from './config-changes.ts'
import type { RestartRequest } from './herder.ts'
import type { Leadership } from './leadership.ts'
import type { LocalSide } from './local-side.ts'
import type { Rebalances } from './rebalances.ts'
import { restartPlan } from './restart-plan.ts'
import type { SessionKeys } from './session-keys.ts'
import type { Tick } from './tick.ts'

const REST_MAX_MS = 1_000
/** After a turn that failed, which would fail again at once. */
const FAILURE_PAUSE_MS = 1_000

export interface HerderLoopParts {
  readonly tick: Tick
  readonly rebalances: Rebalances
  readonly leadership: Leadership
  readonly sessionKeys: SessionKeys
  readonly changes: ConfigChanges
  readonly config: ConfigStore
  readonly status: StatusStore
  readonly view: ClusterView
  readonly side: LocalSide
  readonly rebalanceTimeoutMs: number
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * The distributed herder's turns, in Kafka Connect's order: membership and what a rebalance has brought, the leader's duties, requests,
 * then what has changed in the config topic. No turn waits for a connector.
 */
export class HerderLoop {
  readonly #parts: HerderLoopParts

  constructor(parts: HerderLoopParts) {
    this.#parts = parts
  }

  /** Until the tick is halted. */
  async run(): Promise<void> {
    const { tick, clock, logger, rebalanceTimeoutMs } = this.#parts
    const restMs = Math.min(REST_MAX_MS, rebalanceTimeoutMs / 3)
    while (!tick.isHalted) {
      try {
        await tick.turn(() => this.#turn())
      } catch (error) {
        logger.error("A turn of the herder's failed; going on", { reason: describeError(error) })
        await clock.sleep(FAILURE_PAUSE_MS)
      }
      if (!tick.isHalted) await tick.rest(restMs)
    }
  }

  async #turn(): Promise<void> {
    const { tick, rebalances, side } = this.#parts
    const mayWork = rebalances.ensureMembership()
    await rebalances.handle()
    if (mayWork && rebalances.isLeader) await this.#lead()
    // Writing to a slow topic many times over must not cost the place in the group.
    await tick.runDue(() => rebalances.ensureMembership())
    this.#applyChanges()
    side.stuckTasks.look()
  }

  async #lead(): Promise<void> {
    const { leadership, sessionKeys, tick, logger } = this.#parts
    await leadership.claim()
    if (!sessionKeys.isDue) return
    try {
      await tick.during('renewing the session key', () => leadership.write(() => sessionKeys.rotate()))
    } catch (error) {
      logger.error('The session key could not be renewed; trying again', { reason: describeError(error) })
    }
  }

  #applyChanges(): void {
    const { changes, rebalances, side } = this.#parts
    const { local, reconfiguration, automatic } = side
    const changed = changes.take()
    for (const connector of changed.removed) {
      reconfiguration.cancel(connector)
      automatic?.forgetConnector(connector)
    }
    for (const request of changed.restarts) this.#restart(request)
    for (const connector of changed.configs) {
      automatic?.forget(connector)
      void local.restart({ connectors: [connector], tasks: [] }, false)
    }
    for (const connector of changed.targetStates) {
      void local.setTargetState(connector)
      if (this.#parts.config.snapshot().targetState(connector) === 'STARTED') automatic?.resumed(connector)
    }
    const renewed = new Set(changed.tasks)
    const affected = local.started.tasks.filter((id) => renewed.has(id.connector))
    // They start again when the rebalance has shared them out; whoever is slow to stop is waited for by its own next start alone.
    if (affected.length > 0) void local.stop({ connectors: [], tasks: affected })
    for (const connector of renewed) automatic?.forgetConnector(connector)
    if (changed.needsRejoin) rebalances.rejoinForChanges()
  }

  /** Every worker finds the same plan, and restarts what it has of it (KIP-745). */
  #restart(request: RestartRequest): void {
    const { status, view, side, logger } = this.#parts
    const { local, automatic } = side
    const { connector } = request
    const plan = restartPlan(request, status, view.type(connector))
    if (plan === null) {
      logger.warn('Nothing to restart: the connector has no status', { connector })
      return
    }
    if (plan.restartsConnector) automatic?.forget(connector)
    for (const id of plan.tasks) automatic?.forget(id)
    const connectors = plan.restartsConnector ? [connector] : []
    void local.restart({ connectors, tasks: plan.tasks }, true)
  }
}
