import type { Clock } from '@sluice/sdk'
import type { WorkerGroup } from '../group/worker-group.ts'
import type { ConfigStore } from '../storage/config-store.ts'
import type { AutomaticRestart } from './automatic-restart.ts'
import { HerderError, NotAssigned, NotLeader, type TaskId } from './herder.ts'
import { taskKey, type Holdings } from './holdings.ts'
import type { LocalWork } from './local-work.ts'
import { staleConfiguration, unknownConnector } from './refusals.ts'
import type { Tick } from './tick.ts'

/** How long the leader waits for a rebalance to tell who has a connector or task. */
const OWNER_PATIENCE_MS = 10_000
const OWNER_RETRY_MS = 50

interface Piece {
  readonly connector: string
  /** Null: the connector's instance. */
  readonly task: number | null
}

export interface RestartParts {
  readonly config: ConfigStore
  readonly group: () => WorkerGroup
  readonly wanted: Holdings
  readonly local: LocalWork
  readonly automatic: AutomaticRestart | null
  readonly tick: Tick
  readonly isLeader: () => boolean
  readonly leaderUrl: () => string | null
  readonly clock: Clock
}

/** Restarts of one connector's instance or one task, by whoever has it; others say who that is. */
export class Restarts {
  readonly #parts: RestartParts

  constructor(parts: RestartParts) {
    this.#parts = parts
  }

  restartConnector(connector: string): Promise<void> {
    return this.#restart({ connector, task: null }, () => {
      if (!this.#parts.config.snapshot().has(connector)) throw unknownConnector(connector, ':')
    })
  }

  restartTask(id: TaskId): Promise<void> {
    return this.#restart(id, () => {
      const snapshot = this.#parts.config.snapshot()
      if (!snapshot.has(id.connector)) throw unknownConnector(id.connector, ':')
      if (snapshot.taskConfig(id) === undefined) throw new HerderError(404, `Unknown task: ${taskKey(id)}`)
    })
  }

  async #restart(piece: Piece, check: () => void): Promise<void> {
    const { tick, local, automatic, clock } = this.#parts
    const { connector, task } = piece
    const what = task === null ? `connector ${connector}` : `task ${taskKey({ connector, task })}`
    const until = clock.monotonic() + OWNER_PATIENCE_MS
    for (;;) {
      const isHere = await tick.request(`restarting ${what}`, () => {
        check()
        return this.#isHere(piece) || this.#passOn(piece, clock.monotonic() < until)
      })
      if (isHere) break
      await clock.sleep(OWNER_RETRY_MS)
    }
    automatic?.forget(task === null ? connector : { connector, task })
    await local.restart(
      task === null ? { connectors: [connector], tasks: [] } : { connectors: [], tasks: [{ connector, task }] },
      false,
    )
  }

  #isHere({ connector, task }: Piece): boolean {
    const { wanted } = this.#parts
    return task === null ? wanted.connectors.has(connector) : wanted.hasTask({ connector, task })
  }

  /** False: it is on its way from one worker to another, and may be asked for again. */
  #passOn({ connector, task }: Piece, mayWait: boolean): false {
    const { isLeader, leaderUrl, group } = this.#parts
    const refusal = `Cannot restart ${task === null ? 'connector' : 'task'} since it is not assigned to this member`
    if (!isLeader()) throw new NotLeader(refusal, leaderUrl())
    const owner = group().ownerUrl(connector, task)
    if (owner !== null) throw new NotAssigned(refusal, owner)
    if (mayWait) return false
    throw staleConfiguration()
  }
}
