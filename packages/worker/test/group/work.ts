import type { TaskId } from '../../src/herder/herder.ts'

export function tasksOf(connector: string, count: number): readonly TaskId[] {
  return Array.from({ length: count }, (_, task) => ({ connector, task }))
}
