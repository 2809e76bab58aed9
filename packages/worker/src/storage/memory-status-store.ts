import type { TaskId } from '../herder/herder.ts'
import { StatusBoard } from './status-board.ts'
import type { StatusRecord } from './status-records.ts'
import type { StatusStore, StoredStatus, TopicUse } from './status-store.ts'

/** How everything in a standalone worker is doing. What is written can be read at once. */
export class MemoryStatusStore implements StatusStore {
  readonly #board = new StatusBoard()

  async start(): Promise<void> {}

  connector(connector: string): StoredStatus | null {
    return this.#board.connector(connector)
  }

  task(id: TaskId): StoredStatus | null {
    return this.#board.task(id)
  }

  tasks(connector: string): readonly (StoredStatus & { readonly id: number })[] {
    return this.#board.tasks(connector)
  }

  connectors(): readonly string[] {
    return this.#board.connectors()
  }

  putConnector(connector: string, status: StoredStatus): void {
    this.#board.apply({ kind: 'connector', connector, status })
  }

  putTask(id: TaskId, status: StoredStatus): void {
    this.#board.apply({ kind: 'task', id, status })
  }

  putConnectorSafe(connector: string, status: StoredStatus): void {
    this.#putSafe({ kind: 'connector', connector, status })
  }

  putTaskSafe(id: TaskId, status: StoredStatus): void {
    this.#putSafe({ kind: 'task', id, status })
  }

  topics(connector: string): readonly TopicUse[] {
    return this.#board.topics(connector)
  }

  putTopic(use: TopicUse): void {
    const { connector, topic } = use
    if (this.#board.topic(connector, topic) === null) this.#board.apply({ kind: 'topic', connector, topic, use })
  }

  removeTopics(connector: string): void {
    for (const { topic } of this.topics(connector)) this.#board.apply({ kind: 'topic', connector, topic, use: null })
  }

  async flush(): Promise<void> {}

  async refresh(): Promise<void> {}

  async stop(): Promise<void> {}

  #putSafe(record: StatusRecord): void {
    if (this.#board.isSafe(record)) this.#board.apply(record)
  }
}
