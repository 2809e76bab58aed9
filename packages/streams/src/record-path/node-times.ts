import { packedNameOf } from './packed-times.ts'

/** A time that a node keeps, in milliseconds since the epoch; -1 until it has one. Only ever moves forward. */
export interface NodeTime {
  at: number
}

/** A node that puts windows out once, when they are closed: without its time it would put them out again. */
export interface Closing {
  /** Under whose name Kafka Streams commits up to where windows have been closed. */
  readonly store: string
  /** How far that is behind the node's time. */
  readonly behindMs: number
}

/**
 * The times of a task's nodes, such as the latest that an operator has seen: what is late for it depends on that, and must not after a
 * restart. They are committed with the offsets; of several partitions' the latest count.
 */
export class NodeTimes {
  readonly #times = new Map<string, NodeTime>()
  readonly #closing = new Set<string>()
  readonly #committed: Readonly<Record<string, number>>

  constructor(committed: Readonly<Record<string, number>> = {}) {
    this.#committed = committed
  }

  /** Asked for once, when the node is compiled. */
  of(node: string, closing?: Closing): NodeTime {
    if (closing !== undefined) this.#closing.add(node)
    let time = this.#times.get(node)
    if (time === undefined) this.#times.set(node, (time = { at: this.#committedOf(node, closing) }))
    return time
  }

  /** Those that there are, in the order in which they may be given up for room, the last one first: see `writeCommitMetadata`. */
  snapshot(): Readonly<Record<string, number>> {
    const known = [...this.#times].filter(([, { at }]) => at >= 0)
    const rankOf = (node: string): number => (this.#closing.has(node) ? 0 : 1)
    const ranked = known.toSorted(([a, one], [b, other]) => rankOf(a) - rankOf(b) || one.at - other.at)
    return Object.fromEntries(ranked.map(([node, { at }]) => [node, at]))
  }

  #committedOf(node: string, closing: Closing | undefined): number {
    const committed = this.#committed
    const own = committed[node] ?? committed[packedNameOf(node)] ?? -1
    const closedUpTo = closing === undefined ? undefined : committed[storeKey(closing.store)]
    return closedUpTo === undefined ? own : Math.max(own, closedUpTo + closing!.behindMs)
  }
}

/** Under which is found what Kafka Streams has committed of a store. No node is called so. */
export function storeKey(store: string): string {
  return `@${store}`
}

/** The latest of each. */
export function latestTimes(all: Iterable<Readonly<Record<string, number>>>): Readonly<Record<string, number>> {
  const latest: Record<string, number> = {}
  for (const times of all)
    for (const [node, at] of Object.entries(times)) latest[node] = Math.max(latest[node] ?? -1, at)
  return latest
}
