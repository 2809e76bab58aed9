import type { Work } from '../group/work-assignment.ts'
import type { TaskId } from './herder.ts'

/** `connector-3`: unambiguous, because a task's number has no dash. */
export function taskKey(id: TaskId): string {
  return `${id.connector}-${id.task}`
}

/** A set of connectors and tasks. */
export class Holdings {
  readonly connectors: Set<string> = new Set()
  readonly #tasks = new Map<string, TaskId>()

  get tasks(): readonly TaskId[] {
    return [...this.#tasks.values()]
  }

  get isEmpty(): boolean {
    return this.connectors.size === 0 && this.#tasks.size === 0
  }

  hasTask(id: TaskId): boolean {
    return this.#tasks.has(taskKey(id))
  }

  addTask(id: TaskId): void {
    this.#tasks.set(taskKey(id), id)
  }

  removeTask(id: TaskId): boolean {
    return this.#tasks.delete(taskKey(id))
  }

  add(work: Work): void {
    for (const connector of work.connectors) this.connectors.add(connector)
    for (const id of work.tasks) this.addTask(id)
  }

  remove(work: Work): void {
    for (const connector of work.connectors) this.connectors.delete(connector)
    for (const id of work.tasks) this.removeTask(id)
  }

  /** What is here and not there. */
  without(other: Holdings): Work {
    return {
      connectors: [...this.connectors].filter((connector) => !other.connectors.has(connector)),
      tasks: this.tasks.filter((id) => !other.hasTask(id)),
    }
  }

  work(): Work {
    return { connectors: [...this.connectors], tasks: this.tasks }
  }

  clear(): void {
    this.connectors.clear()
    this.#tasks.clear()
  }
}

export function isNothing(work: Work): boolean {
  return work.connectors.length === 0 && work.tasks.length === 0
}
