/** Which part of an application: a sub-topology, and the partition of its topics. Text: `<sub-topology>_<partition>`. */
export interface TaskId {
  readonly subtopology: number
  readonly partition: number
}

export function nameOfTask({ subtopology, partition }: TaskId): string {
  return `${subtopology}_${partition}`
}

/** By sub-topology, then partition. */
export function compareTasks(a: TaskId, b: TaskId): number {
  return a.subtopology - b.subtopology || a.partition - b.partition
}
