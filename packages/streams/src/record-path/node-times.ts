/** A time that a node keeps, in milliseconds since the epoch; -1 until it has one. Only ever moves forward. */
export interface NodeTime {
  at: number
}

/**
 * The times of a task's nodes, such as the latest that an operator has seen: what is late for it depends on that, and must not after a
 * restart. They are committed with the offsets; of several partitions' the latest count.
 */
export class NodeTimes {
  readonly #times = new Map<string, NodeTime>()
  readonly #committed: Readonly<Record<string, number>>

  constructor(committed: Readonly<Record<string, number>> = {}) {
    this.#committed = committed
  }

  /** Asked for once, when the node is compiled. */
  of(node: string): NodeTime {
    let time = this.#times.get(node)
    if (time === undefined) this.#times.set(node, (time = { at: this.#committed[node] ?? -1 }))
    return time
  }

  /** Those that there are. */
  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#times].filter(([, { at }]) => at >= 0).map(([node, { at }]) => [node, at]))
  }
}

/** The latest of each. */
export function latestTimes(all: Iterable<Readonly<Record<string, number>>>): Readonly<Record<string, number>> {
  const latest: Record<string, number> = {}
  for (const times of all)
    for (const [node, at] of Object.entries(times)) latest[node] = Math.max(latest[node] ?? -1, at)
  return latest
}
