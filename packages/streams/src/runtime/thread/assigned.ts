import type { TopicPartition } from '@sluice/sdk'
import { keyOf } from '../partition-key.ts'
import type { RunningTasks } from '../tasks/running-tasks.ts'
import type { Preparations } from './preparations.ts'

interface AssignedParts {
  readonly tasks: Pick<RunningTasks, 'of' | 'ofSameTasks'>
  readonly preparations: Pick<Preparations, 'has'>
}

/**
 * What the group has given to a thread. Members that do not see the same topics for a while, as when a pattern has just matched a new one,
 * give and take parts of a task: then it is made anew with the partitions that it has now.
 */
export class Assigned {
  readonly #parts: AssignedParts
  readonly #partitions = new Map<string, TopicPartition>()

  constructor(parts: AssignedParts) {
    this.#parts = parts
  }

  /** Returns those that were there before and are of the same tasks, which must end first. */
  add(partitions: readonly TopicPartition[]): readonly TopicPartition[] {
    const before = this.#parts.tasks.ofSameTasks(partitions, [...this.#partitions.values()])
    for (const partition of partitions) this.#partitions.set(keyOf(partition), partition)
    return before
  }

  remove(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#partitions.delete(keyOf(partition))
  }

  /** Those for which there is no task, and none on its way. */
  get idle(): readonly TopicPartition[] {
    const { tasks, preparations } = this.#parts
    return [...this.#partitions.values()].filter((one) => tasks.of(one) === undefined && !preparations.has(one))
  }
}
