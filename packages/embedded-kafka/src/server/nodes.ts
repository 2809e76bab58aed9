import type { Node, Nodes } from '../broker.ts'

/** Which parts of the cluster's state follow a node; told whenever a node goes down, comes back, or a coordinator moves. */
export type NodesListener = () => void

interface Seat {
  readonly id: number
  host: string
  port: number
  isUp: boolean
}

/**
 * The virtual nodes of the one process: which are up, and which coordinates what. All of them see the same topics and groups, so a
 * coordinator that is down is replaced by the next node that is up.
 */
export class VirtualNodes implements Nodes {
  readonly #seats: Seat[] = []
  readonly #moved = new Map<string, number>()
  readonly #listeners: NodesListener[] = []

  /** That many nodes, all of them down; ids begin with 1. */
  constructor(count: number) {
    for (let id = 1; id <= count; id++) this.#seats.push({ id, host: '', port: 0, isUp: false })
  }

  /** A node listens here from now on. */
  open(id: number, host: string, port: number): void {
    const seat = this.#seats[id - 1]!
    seat.host = host
    seat.port = port
    this.setUp(id, true)
  }

  alive(): readonly Node[] {
    return this.#seats.filter(({ isUp }) => isUp)
  }

  /** All of them, up or down. */
  all(): readonly Node[] {
    return this.#seats
  }

  isAlive(id: number): boolean {
    return this.#seats[id - 1]?.isUp ?? false
  }

  get(id: number): Node | undefined {
    return this.#seats[id - 1]
  }

  controller(): number {
    return this.#seats.find(({ isUp }) => isUp)?.id ?? -1
  }

  coordinatorOf(kind: 'group' | 'transaction', key: string): number {
    const moved = this.#moved.get(`${kind} ${key}`)
    if (moved !== undefined && this.isAlive(moved)) return moved
    const count = this.#seats.length
    const first = spread(key, count)
    for (let i = 0; i < count; i++) {
      const seat = this.#seats[(first + i) % count]!
      if (seat.isUp) return seat.id
    }
    return -1
  }

  /** The node a partition's leader starts on. */
  leaderFor(partition: number): number {
    return (partition % Math.max(1, this.#seats.length)) + 1
  }

  moveCoordinator(kind: 'group' | 'transaction', key: string, node: number): void {
    this.#moved.set(`${kind} ${key}`, node)
    this.#tell()
  }

  setUp(id: number, isUp: boolean): void {
    const seat = this.#seats[id - 1]
    if (seat === undefined || seat.isUp === isUp) return
    seat.isUp = isUp
    this.#tell()
  }

  onChange(listener: NodesListener): void {
    this.#listeners.push(listener)
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

function spread(key: string, count: number): number {
  let hash = 0
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0
  return count === 0 ? 0 : (hash & 0x7fffffff) % count
}
