import type { RawSettings } from '@sluice/sdk'
import type { ConfigStore } from '../storage/config-store.ts'
import type { StatusStore } from '../storage/status-store.ts'
import type { ClusterView } from './cluster-view.ts'
import { assertValid, patched } from './config-edits.ts'
import {
  HerderError,
  type ConnectorInfo,
  type ConnectorOffset,
  type ConnectorStateInfo,
  type RestartRequest,
  type TargetState,
} from './herder.ts'
import type { Leadership } from './leadership.ts'
import type { OffsetRequests } from './offsets.ts'
import { isSameConfig } from './placeholders.ts'
import type { HerderPlugins } from './ports.ts'
import { connectorNotFound, notStopped, unknownConnector } from './refusals.ts'
import { restartPlan } from './restart-plan.ts'
import type { Tick } from './tick.ts'

export interface LeaderRequestParts {
  readonly config: ConfigStore
  readonly status: StatusStore
  readonly plugins: HerderPlugins
  readonly view: ClusterView
  readonly offsets: OffsetRequests
  readonly leadership: Leadership
  readonly tick: () => Tick
  /** Before offsets of an exactly once source are altered. */
  readonly fence: (connector: string) => Promise<void>
  readonly isExactlyOnce: boolean
  readonly syncTimeoutMs: number
}

const ONLY_CONFIGS = 'Only the leader can set connector configs.'

/** Requests that only the leader fulfils; another worker's answer says who that is. */
export class LeaderRequests {
  readonly #parts: LeaderRequestParts

  constructor(parts: LeaderRequestParts) {
    this.#parts = parts
  }

  async putConfig(
    connector: string,
    config: RawSettings,
    options: { readonly mayReplace: boolean; readonly targetState?: TargetState },
  ): Promise<{ readonly isCreated: boolean; readonly info: ConnectorInfo }> {
    const { leadership, plugins } = this.#parts
    await assertValid(plugins, config)
    return leadership.request(`writing a config for connector ${connector} to the config topic`, ONLY_CONFIGS, () =>
      this.#writeConfig(connector, config, options),
    )
  }

  /** Merged, checked and written by the leader alone: the settings may have changed since anybody else looked. */
  async patchConfig(connector: string, patch: Readonly<Record<string, string | null>>): Promise<ConnectorInfo> {
    const { leadership, plugins, view } = this.#parts
    for (;;) {
      const before = await leadership.request(`reading the config of connector ${connector}`, ONLY_CONFIGS, async () =>
        view.config(connector),
      )
      const config = patched(connector, before, patch)
      // Beside the tick: it may ask the connector.
      await assertValid(plugins, config)
      const written = await leadership.request(
        `writing a config for connector ${connector} to the config topic`,
        ONLY_CONFIGS,
        async () => {
          // Somebody was faster: theirs is merged as well.
          if (!isSameConfig(view.config(connector), before)) return null
          return this.#writeConfig(connector, config, { mayReplace: true })
        },
      )
      if (written !== null) return written.info
    }
  }

  deleteConnector(connector: string): Promise<void> {
    const { leadership, config, view } = this.#parts
    return leadership.request(
      `removing the config for connector ${connector} from the config topic`,
      'Only the leader can delete connector configs.',
      async () => {
        view.config(connector)
        await config.removeConnector(connector)
      },
    )
  }

  stopConnector(connector: string): Promise<void> {
    const { leadership, config, tick, syncTimeoutMs } = this.#parts
    return tick().request(`stopping connector ${connector}`, async () => {
      if (!config.snapshot().has(connector)) throw unknownConnector(connector)
      leadership.assertLeader('Only the leader can transition connectors to the STOPPED state.')
      // First no tasks, then the state: whoever sees STOPPED sees no tasks.
      await leadership.write(() => config.putTaskConfigs(connector, []))
      await config.putTargetState(connector, 'STOPPED')
      await config.refresh(syncTimeoutMs)
    })
  }

  restartAll(request: RestartRequest): Promise<ConnectorStateInfo> {
    const { leadership, config, status, view, tick } = this.#parts
    const { connector } = request
    return tick().request(`handling a restart request for connector ${connector}`, async () => {
      if (!config.snapshot().has(connector)) throw unknownConnector(connector, ':')
      leadership.assertLeader('Only the leader can process restart requests.')
      const plan = restartPlan(request, status, view.type(connector))
      await leadership.write(() => config.putRestartRequest(request))
      if (plan === null) throw new HerderError(404, `Status for connector ${connector} not found`)
      return plan.shown
    })
  }

  putTaskConfigs(connector: string, configs: readonly RawSettings[]): Promise<void> {
    const { leadership, config } = this.#parts
    return leadership.request(
      `writing task configs for connector ${connector} to the config topic`,
      'Only the leader may write task configurations.',
      async () => {
        const snapshot = config.snapshot()
        if (!snapshot.has(connector)) throw connectorNotFound(connector)
        if (configs.length > 0 && snapshot.targetState(connector) === 'STOPPED')
          throw new HerderError(400, `Cannot submit non-empty set of task configs for stopped connector ${connector}`)
        await config.putTaskConfigs(connector, configs)
      },
    )
  }

  /** Checks in the herder's turn, works beside it: the connector is asked, and Kafka may take long. */
  async alterOffsets(connector: string, wanted: readonly ConnectorOffset[] | null): Promise<string> {
    const { offsets, view, isExactlyOnce, fence } = this.#parts
    if (wanted?.length === 0)
      throw new HerderError(400, 'Partitions / offsets need to be provided for an alter offsets request')
    const type = await this.#assertStopped(connector)
    if (isExactlyOnce && type === 'source') {
      await fence(connector)
      await this.#assertStopped(connector)
    }
    return offsets.alter({
      connector,
      config: view.config(connector),
      isSink: type === 'sink',
      wanted,
      assertStopped: () => this.#assertStopped(connector),
    })
  }

  #assertStopped(connector: string): Promise<string> {
    const { leadership, config, view } = this.#parts
    return leadership.request(
      `modifying offsets for connector ${connector}`,
      'Only the leader can modify connector offsets.',
      async () => {
        const { type } = view.info(connector)
        const snapshot = config.snapshot()
        if (snapshot.targetState(connector) !== 'STOPPED' || snapshot.tasks(connector).length > 0)
          throw notStopped(connector)
        return type
      },
    )
  }

  async #writeConfig(
    connector: string,
    given: RawSettings,
    options: { readonly mayReplace: boolean; readonly targetState?: TargetState },
  ): Promise<{ readonly isCreated: boolean; readonly info: ConnectorInfo }> {
    const { config, plugins } = this.#parts
    const snapshot = config.snapshot()
    const isCreated = !snapshot.has(connector)
    if (!isCreated && !options.mayReplace) throw new HerderError(409, `Connector ${connector} already exists`)
    await config.putConnector(connector, given, options.targetState ?? null)
    const tasks = isCreated ? [] : snapshot.tasks(connector)
    return { isCreated, info: { name: connector, config: given, tasks, type: plugins.connectorType(given) } }
  }
}
