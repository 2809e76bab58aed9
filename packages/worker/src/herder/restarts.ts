import type { WorkerGroup } from '../group/worker-group.ts'
import type { ConfigStore } from '../storage/config-store.ts'
import type { AutomaticRestart } from './automatic-restart.ts'
import { HerderError, NotAssigned, NotLeader, type TaskId } from './herder.ts'
import { taskKey, type Holdings } from './holdings.ts'
import type { LocalWork } from './local-work.ts'
import { staleConfiguration, unknownConnector } from './refusals.ts'
import type { Tick } from './tick.ts'

export interface RestartParts {
  readonly config: ConfigStore
  readonly group: () => WorkerGroup
  readonly wanted: Holdings
  readonly local: LocalWork
  readonly automatic: AutomaticRestart | null
  readonly tick: Tick
  readonly isLeader: () => boolean
  readonly leaderUrl: () => string | null
}

/** Restarts of one connector's instance or one task, by whoever has it; others say who that is. */
export class Restarts {
  readonly #parts: RestartParts

  constructor(parts: RestartParts) {
    this.#parts = parts
  }

  async restartConnector(connector: string): Promise<void> {
    const { config, tick, wanted, local, automatic } = this.#parts
    const work = await tick.request(`restarting connector ${connector}`, () => {
      if (!config.snapshot().has(connector)) throw unknownConnector(connector, ':')
      if (!wanted.connectors.has(connector)) this.#passOn('connector', connector, null)
      automatic?.forget(connector)
      return { connectors: [connector], tasks: [] }
    })
    await local.restart(work, false)
  }

  async restartTask(id: TaskId): Promise<void> {
    const { config, tick, wanted, local, automatic } = this.#parts
    const work = await tick.request(`restarting task ${taskKey(id)}`, () => {
      if (!config.snapshot().has(id.connector)) throw unknownConnector(id.connector, ':')
      if (config.snapshot().taskConfig(id) === undefined) throw new HerderError(404, `Unknown task: ${taskKey(id)}`)
      if (!wanted.hasTask(id)) this.#passOn('task', id.connector, id.task)
      automatic?.forget(id)
      return { connectors: [], tasks: [id] }
    })
    await local.restart(work, false)
  }

  #passOn(what: 'connector' | 'task', connector: string, task: number | null): never {
    const { isLeader, leaderUrl, group } = this.#parts
    const refusal = `Cannot restart ${what} since it is not assigned to this member`
    if (!isLeader()) throw new NotLeader(refusal, leaderUrl())
    const owner = group().ownerUrl(connector, task)
    if (owner === null) throw staleConfiguration()
    throw new NotAssigned(refusal, owner)
  }
}
