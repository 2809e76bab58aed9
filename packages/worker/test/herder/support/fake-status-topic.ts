import type { TaskId } from '../../../src/herder/herder.ts'
import { taskKey } from '../../../src/herder/holdings.ts'
import type { StatusStore, StoredStatus, TopicUse } from '../../../src/storage/status-store.ts'

/** Connect's status topic in memory: everybody sees at once what anybody has written. */
export class FakeStatusTopic implements StatusStore {
  /** In the order of the writes, as `connector a RUNNING`, `task a-0 RUNNING`, `topic t of a`; DESTROYED as it is. */
  readonly log: string[] = []
  /** Generations of the same writes. */
  readonly generations: number[] = []
  readonly #connectors = new Map<string, StoredStatus>()
  readonly #tasks = new Map<string, StoredStatus & { readonly of: TaskId }>()
  readonly #topics = new Map<string, TopicUse>()

  start(): Promise<void> {
    return Promise.resolve()
  }

  connector(connector: string): StoredStatus | null {
    return this.#connectors.get(connector) ?? null
  }

  task(id: TaskId): StoredStatus | null {
    const found = this.#tasks.get(taskKey(id))
    if (found === undefined) return null
    const { of: _, ...status } = found
    return status
  }

  tasks(connector: string): readonly (StoredStatus & { readonly id: number })[] {
    return [...this.#tasks.values()]
      .filter(({ of }) => of.connector === connector)
      .map(({ of, ...status }) => ({ ...status, id: of.task }))
      .toSorted((a, b) => a.id - b.id)
  }

  connectors(): readonly string[] {
    return [...new Set([...this.#connectors.keys(), ...[...this.#tasks.values()].map(({ of }) => of.connector)])]
  }

  putConnector(connector: string, status: StoredStatus): void {
    this.generations[this.log.length] = status.generation
    this.log.push(`connector ${connector} ${status.state}`)
    if (status.state === 'DESTROYED') this.#connectors.delete(connector)
    else this.#connectors.set(connector, status)
  }

  putTask(id: TaskId, status: StoredStatus): void {
    this.generations[this.log.length] = status.generation
    this.log.push(`task ${taskKey(id)} ${status.state}`)
    const current = this.#tasks.get(taskKey(id))
    const isLate =
      status.state === 'UNASSIGNED' && current?.state === 'RUNNING' && current.generation >= status.generation
    if (isLate) return
    if (status.state === 'DESTROYED') this.#tasks.delete(taskKey(id))
    else this.#tasks.set(taskKey(id), { ...status, of: id })
  }

  putConnectorSafe(connector: string, status: StoredStatus): void {
    if (mayWrite(this.#connectors.get(connector), status)) this.putConnector(connector, status)
  }

  putTaskSafe(id: TaskId, status: StoredStatus): void {
    if (mayWrite(this.#tasks.get(taskKey(id)), status)) this.putTask(id, status)
  }

  topics(connector: string): readonly TopicUse[] {
    return [...this.#topics.values()].filter((use) => use.connector === connector)
  }

  putTopic(use: TopicUse): void {
    this.log.push(`topic ${use.topic} of ${use.connector}`)
    this.#topics.set(`${use.connector} ${use.topic}`, use)
  }

  removeTopics(connector: string): void {
    for (const [key, use] of this.#topics) if (use.connector === connector) this.#topics.delete(key)
  }

  flush(): Promise<void> {
    return Promise.resolve()
  }

  refresh(): Promise<void> {
    return Promise.resolve()
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }
}

function mayWrite(stored: StoredStatus | undefined, status: StoredStatus): boolean {
  return stored === undefined || stored.workerId === status.workerId || stored.generation <= status.generation
}
