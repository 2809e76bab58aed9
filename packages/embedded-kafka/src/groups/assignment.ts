/** Partitions by topic id. */
export type Assignment = ReadonlyMap<string, ReadonlySet<number>>
/** Partitions by topic id, and at which member epoch each was given. */
export type OwnedPartitions = ReadonlyMap<string, ReadonlyMap<number, number>>

export interface TopicPartitions {
  readonly topicId: string
  readonly partitions: number[]
}

export const NO_PARTITIONS: ReadonlyMap<string, never> = new Map<string, never>()

export function toAssignment(list: readonly TopicPartitions[]): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>()
  for (const { topicId, partitions } of list) {
    const known = found.get(topicId)
    if (known === undefined) found.set(topicId, new Set(partitions))
    else for (const partition of partitions) known.add(partition)
  }
  return found
}

/** As messages and records have it: topics without partitions are left out, partitions ascend. */
export function toTopicPartitions(assignment: Assignment | OwnedPartitions): TopicPartitions[] {
  const list: TopicPartitions[] = []
  for (const [topicId, partitions] of assignment) {
    if (partitions.size > 0) list.push({ topicId, partitions: [...partitions.keys()].toSorted((a, b) => a - b) })
  }
  return list
}

export function has(assignment: Assignment | OwnedPartitions, topicId: string, partition: number): boolean {
  return assignment.get(topicId)?.has(partition) === true
}

/** Whether any partition is in both. */
export function overlap(some: Assignment | OwnedPartitions, others: Assignment | OwnedPartitions): boolean {
  for (const [topicId, partitions] of some) {
    for (const partition of partitions.keys()) if (has(others, topicId, partition)) return true
  }
  return false
}

/** Whether `others` has every partition of `some`. */
export function isWithin(some: Assignment | OwnedPartitions, others: Assignment | OwnedPartitions): boolean {
  for (const [topicId, partitions] of some) {
    for (const partition of partitions.keys()) if (!has(others, topicId, partition)) return false
  }
  return true
}

export function isSame(some: Assignment | OwnedPartitions, others: Assignment | OwnedPartitions): boolean {
  return isWithin(some, others) && isWithin(others, some)
}
