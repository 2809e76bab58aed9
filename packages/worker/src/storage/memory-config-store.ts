import type { RawSettings } from '@sluice/sdk'
import type { RestartRequest, TargetState } from '../herder/herder.ts'
import type { ConfigRecord } from './config-records.ts'
import { ConfigState } from './config-state.ts'
import type { ConfigListener, ConfigSnapshot, ConfigStore, SessionKey } from './config-store.ts'

/** What should run in a standalone worker: nothing of it outlives the process. A write has been told when it resolves. */
export class MemoryConfigStore implements ConfigStore {
  readonly #state = new ConfigState()
  #listener: ConfigListener | null = null

  async start(listener: ConfigListener): Promise<void> {
    this.#listener = listener
  }

  snapshot(): ConfigSnapshot {
    return this.#state.snapshot()
  }

  async refresh(): Promise<void> {}

  async claimLeadership(): Promise<void> {}

  async putConnector(connector: string, config: RawSettings, targetState: TargetState | null): Promise<void> {
    if (targetState !== null) this.#apply({ kind: 'target-state', connector, state: targetState })
    this.#apply({ kind: 'connector', connector, config })
  }

  async removeConnector(connector: string): Promise<void> {
    this.#apply({ kind: 'connector', connector, config: null })
    this.#apply({ kind: 'target-state', connector, state: null })
  }

  async putTaskConfigs(connector: string, configs: readonly RawSettings[]): Promise<void> {
    for (const [task, config] of configs.entries()) this.#apply({ kind: 'task', id: { connector, task }, config })
    this.#apply({ kind: 'commit', connector, tasks: configs.length })
  }

  async putSessionKey(key: SessionKey): Promise<void> {
    this.#apply({ kind: 'session-key', key })
  }

  async putRestartRequest(request: RestartRequest): Promise<void> {
    this.#apply({ kind: 'restart', request })
  }

  async putFencingCount(connector: string, tasks: number): Promise<void> {
    this.#apply({ kind: 'fencing', connector, tasks })
  }

  async putTargetState(connector: string, state: TargetState): Promise<void> {
    this.#apply({ kind: 'target-state', connector, state })
  }

  async putLoggerLevel(namespace: string, level: string): Promise<void> {
    this.#apply({ kind: 'logger', namespace, level })
  }

  async stop(): Promise<void> {
    this.#listener = null
  }

  #apply(record: ConfigRecord): void {
    this.#state.apply(record, this.#listener)
  }
}
