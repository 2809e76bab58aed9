import type { TaskId } from '../herder/herder.ts'
import { StatusBoard } from './status-board.ts'
import type { StatusRecord } from './status-records.ts'
import type { StoredStatus, TopicUse } from './status-store.ts'

/** The part of a status store that does not depend on where records go: what is answered from the board, and which record a status is. */
export abstract class BoardStatuses {
  protected readonly board: StatusBoard = new StatusBoard()

  connector(connector: string): StoredStatus | null {
    return this.board.connector(connector)
  }

  task(id: TaskId): StoredStatus | null {
    return this.board.task(id)
  }

  tasks(connector: string): readonly (StoredStatus & { readonly id: number })[] {
    return this.board.tasks(connector)
  }

  connectors(): readonly string[] {
    return this.board.connectors()
  }

  topics(connector: string): readonly TopicUse[] {
    return this.board.topics(connector)
  }

  putConnector(connector: string, status: StoredStatus): void {
    this.put({ kind: 'connector', connector, status }, status.generation, false)
  }

  putTask(id: TaskId, status: StoredStatus): void {
    this.put({ kind: 'task', id, status }, status.generation, false)
  }

  putConnectorSafe(connector: string, status: StoredStatus): void {
    this.put({ kind: 'connector', connector, status }, status.generation, true)
  }

  putTaskSafe(id: TaskId, status: StoredStatus): void {
    this.put({ kind: 'task', id, status }, status.generation, true)
  }

  /** Writes it; if `isSafe`, only where `board.isSafe` says so. */
  protected abstract put(record: StatusRecord, generation: number, isSafe: boolean): void
}
