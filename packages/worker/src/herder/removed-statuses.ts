import type { Work } from '../group/work-assignment.ts'
import type { ConfigStore } from '../storage/config-store.ts'
import type { StatusStore, StoredStatus } from '../storage/status-store.ts'

export interface RemovedStatusesParts {
  readonly config: ConfigStore
  readonly status: StatusStore
  readonly workerId: string
  readonly generation: () => number
}

/** Statuses, and topics in use, of connectors and tasks that are not configured any more. */
export class RemovedStatuses {
  readonly #parts: RemovedStatusesParts

  constructor(parts: RemovedStatusesParts) {
    this.#parts = parts
  }

  /** All of them: for the leader. */
  forgetAll(): void {
    const { config, status } = this.#parts
    const snapshot = config.snapshot()
    for (const connector of status.connectors()) {
      const configured = new Set(snapshot.has(connector) ? snapshot.tasks(connector).map((id) => id.task) : [])
      for (const { id } of status.tasks(connector))
        if (!configured.has(id)) status.putTask({ connector, task: id }, this.#destroyed())
      if (!snapshot.has(connector)) this.#forgetConnector(connector)
    }
  }

  /** Of what was revoked, and has stopped here: whoever looks must not wait for the leader's next rebalance. */
  forget(revoked: Work): void {
    const { config, status, workerId } = this.#parts
    const snapshot = config.snapshot()
    for (const id of revoked.tasks)
      if (snapshot.taskConfig(id) === undefined && status.task(id)?.workerId === workerId)
        status.putTask(id, this.#destroyed())
    for (const connector of revoked.connectors) if (!snapshot.has(connector)) this.#forgetConnector(connector)
  }

  #forgetConnector(connector: string): void {
    const { status } = this.#parts
    if (status.topics(connector).length > 0) status.removeTopics(connector)
    if (status.connector(connector) !== null) status.putConnector(connector, this.#destroyed())
  }

  #destroyed(): StoredStatus {
    const { workerId, generation } = this.#parts
    return { state: 'DESTROYED', workerId, trace: null, version: null, generation: generation() }
  }
}
