import {
  INITIAL_STATE,
  type IncrementalState,
  type MemberShare,
  assignIncrementally,
} from '../../src/group/incremental-assignor.ts'
import type { Work } from '../../src/group/work-assignment.ts'
import { itemsOf, keyOf, setOf, workOf } from '../../src/group/work-set.ts'

const ROUNDS_MAX = 60

/**
 * A group without a broker: members that do at once what they are told, and a leader that leads until it goes. Work is named as in
 * `keyOf`: `-1/c` is the connector c, `0/c` its first task.
 */
export class ModelGroup {
  /** Tasks by connector: what should run. */
  readonly configured = new Map<string, number>()
  readonly held = new Map<string, Set<string>>()
  readonly delayMaxMs: number
  now = 1_000
  generation = 0
  rounds = 0
  delayMs = 0
  state: IncrementalState = INITIAL_STATE
  /** Every start and stop, in order: `+worker key`, `-worker key`. */
  readonly log: string[] = []
  #leader: string | undefined
  #completed = -1
  #rejoinAt: number | undefined

  constructor(delayMaxMs: number, connectors: Readonly<Record<string, number>> = {}) {
    this.delayMaxMs = delayMaxMs
    for (const [connector, tasks] of Object.entries(connectors)) this.configured.set(connector, tasks)
  }

  /** Joins empty, as a new worker or one that comes back. */
  join(...members: readonly string[]): this {
    for (const member of members) this.held.set(member, new Set())
    return this.settle()
  }

  /** One that leads takes its memory with it. */
  kill(...members: readonly string[]): this {
    for (const member of members) this.held.delete(member)
    return this.settle()
  }

  configure(connector: string, tasks: number | null): this {
    if (tasks === null) this.configured.delete(connector)
    else this.configured.set(connector, tasks)
    return this.settle()
  }

  /** Time passes; whoever was told to join again by then does. */
  wait(ms: number): this {
    const until = this.now + ms
    while (this.#rejoinAt !== undefined && this.#rejoinAt <= until) {
      this.now = Math.max(this.now, this.#rejoinAt)
      this.settle()
    }
    this.now = until
    return this
  }

  /** Rebalances until nobody has to join again at once. */
  settle(): this {
    if (this.held.size === 0) return this
    for (let i = 0; i < ROUNDS_MAX; i++) {
      const shares = this.rebalance()
      for (const [member, share] of shares) this.apply(member, share)
      if ([...shares.values()].every(({ revoked }) => itemsOf(revoked).length === 0)) return this
    }
    throw new Error(`The group does not come to rest: ${JSON.stringify(this.log.slice(-20))}`)
  }

  /** One round; what the leader says has not arrived yet. */
  rebalance(): ReadonlyMap<string, MemberShare> {
    if (this.#leader === undefined || !this.held.has(this.#leader)) {
      this.#leader = [...this.held.keys()][0]!
      this.state = INITIAL_STATE
      // A new leader was a member before.
      this.#completed = this.generation
    }
    this.generation += 1
    this.rounds += 1
    const members = new Map(Array.from(this.held, ([member, keys]) => [member, workOf([...keys].map(itemOf))] as const))
    const { generation, now, delayMaxMs } = this
    const round = {
      configured: this.wanted(),
      members,
      generation,
      completedGeneration: this.#completed,
      now,
      delayMaxMs,
    }
    const { state, shares, delayMs } = assignIncrementally(this.state, round)
    this.state = state
    this.#completed = generation
    this.delayMs = delayMs
    this.#rejoinAt = delayMs > 0 ? now + delayMs : undefined
    return shares
  }

  apply(member: string, { assigned, revoked }: MemberShare): void {
    const keys = this.held.get(member)
    if (keys === undefined) throw new Error(`${member} is not there`)
    for (const key of setOf(itemsOf(revoked)).keys()) if (keys.delete(key)) this.log.push(`-${member} ${key}`)
    for (const key of setOf(itemsOf(assigned)).keys()) {
      if (keys.has(key)) throw new Error(`${member} is given ${key}, which it has`)
      keys.add(key)
      this.log.push(`+${member} ${key}`)
    }
  }

  wanted(): Work {
    const tasks = [...this.configured].flatMap(([connector, count]) =>
      Array.from({ length: count }, (_, task) => ({ connector, task })),
    )
    return { connectors: [...this.configured.keys()], tasks }
  }

  /** What runs nowhere. */
  missing(): readonly string[] {
    const running = new Set([...this.held.values()].flatMap((keys) => [...keys]))
    return itemsOf(this.wanted())
      .map(keyOf)
      .filter((key) => !running.has(key))
  }

  /** What runs more than once, or should not run. */
  wrong(): readonly string[] {
    const wanted = new Set(itemsOf(this.wanted()).map(keyOf))
    const all = [...this.held.values()].flatMap((keys) => [...keys])
    return all.filter((key, i) => all.indexOf(key) !== i || !wanted.has(key))
  }

  counts(kind: 'connectors' | 'tasks'): readonly number[] {
    return Array.from(
      this.held.values(),
      (keys) => [...keys].filter((key) => (kind === 'tasks') !== isConnector(key)).length,
    )
  }

  /** The largest number of connectors or tasks on a worker, less the smallest. */
  imbalance(): number {
    const gap = (counts: readonly number[]): number =>
      counts.length === 0 ? 0 : Math.max(...counts) - Math.min(...counts)
    return Math.max(gap(this.counts('connectors')), gap(this.counts('tasks')))
  }

  /** Per worker how many tasks of the connector it has. */
  tasksOf(connector: string): readonly number[] {
    return Array.from(this.held.values(), (keys) => {
      return [...keys].map(itemOf).filter((item) => item.connector === connector && item.task >= 0).length
    })
  }

  /** What was stopped at the members named, in this order, since the log had so many entries. */
  stopsSince(length: number): readonly string[] {
    return this.log.slice(length).filter((line) => line.startsWith('-'))
  }
}

function isConnector(key: string): boolean {
  return key.startsWith('-1/')
}

function itemOf(key: string): { connector: string; task: number } {
  const slash = key.indexOf('/')
  return { connector: key.slice(slash + 1), task: Number(key.slice(0, slash)) }
}
