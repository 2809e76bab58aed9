import { type Kind, type WorkItem, type WorkSet, compareTexts, keyOf, kindOf } from './work-set.ts'

/** What one worker has, or is about to have. Connectors and tasks are weighed apart: an instance is light, a task is not. */
export class WorkerLoad {
  readonly memberId: string
  readonly #items: Readonly<Record<Kind, Map<string, WorkItem>>> = { connectors: new Map(), tasks: new Map() }
  readonly #tasksOf = new Map<string, number>()

  constructor(memberId: string, items: Iterable<WorkItem>) {
    this.memberId = memberId
    for (const item of items) this.add(item)
  }

  get isEmpty(): boolean {
    return this.size('connectors') + this.size('tasks') === 0
  }

  size(kind: Kind): number {
    return this.#items[kind].size
  }

  /** Connectors first, each kind in the order in which it came. */
  items(): readonly WorkItem[] {
    return [...this.#items.connectors.values(), ...this.#items.tasks.values()]
  }

  tasksOf(connector: string): number {
    return this.#tasksOf.get(connector) ?? 0
  }

  add(item: WorkItem): void {
    const { connector } = item
    const items = this.#items[kindOf(item)]
    if (kindOf(item) === 'tasks' && !items.has(keyOf(item))) this.#tasksOf.set(connector, this.tasksOf(connector) + 1)
    items.set(keyOf(item), item)
  }

  remove(set: WorkSet): void {
    for (const [key, item] of set) {
      const wasThere = this.#items[kindOf(item)].delete(key)
      if (wasThere && kindOf(item) === 'tasks') this.#tasksOf.set(item.connector, this.tasksOf(item.connector) - 1)
    }
  }

  /**
   * The first so many items, as Java takes them, but of tasks always one of the connector that has most of them here: those that stay and
   * those that go to another worker are both mixed (KAFKA-17049).
   */
  pick(kind: Kind, count: number): readonly WorkItem[] {
    const items = [...this.#items[kind].values()]
    if (kind === 'connectors') return items.slice(0, count)
    const left = new Map(this.#tasksOf)
    // How many of its connector are left when an item's turn comes: who has more left comes first.
    const ranked = items.map((item) => {
      const rank = left.get(item.connector)!
      left.set(item.connector, rank - 1)
      return { item, rank }
    })
    return ranked
      .toSorted((a, b) => b.rank - a.rank)
      .slice(0, count)
      .map(({ item }) => item)
  }
}

/**
 * Gives each item to the worker that has least of its kind; among equals to the one with fewest tasks of the same connector
 * (KAFKA-17049: Java does not look at that, so that one worker may run all tasks of a connector), then to the one that had least before,
 * then by member id.
 */
export function giveOut(items: Iterable<WorkItem>, loads: readonly WorkerLoad[]): void {
  const queues: Record<Kind, readonly WorkerLoad[]> = {
    connectors: byLoad('connectors', loads),
    tasks: byLoad('tasks', loads),
  }
  for (const item of items) {
    const kind = kindOf(item)
    const [first, ...others] = queues[kind]
    const isBetter = (a: WorkerLoad, b: WorkerLoad): boolean => {
      if (a.size(kind) !== b.size(kind)) return a.size(kind) < b.size(kind)
      return kind === 'tasks' && a.tasksOf(item.connector) < b.tasksOf(item.connector)
    }
    others.reduce((best, load) => (isBetter(load, best) ? load : best), first!).add(item)
  }
}

/**
 * What must be taken from whom so that nobody has more than a share: the whole of the division each, and one more for as many workers
 * as the remainder says. Only who has too much gives; what is not running anywhere yet (`total` counts it) goes to the others later.
 */
export function excess(
  kind: Kind,
  total: number,
  loads: readonly WorkerLoad[],
): ReadonlyMap<string, readonly WorkItem[]> {
  const share = Math.floor(total / loads.length)
  let extra = total % loads.length
  const taken = new Map<string, readonly WorkItem[]>()
  for (const load of loads) {
    const size = load.size(kind)
    if (size <= share) continue
    const allowed = extra > 0 ? share + 1 : share
    extra -= allowed - share
    if (size > allowed) taken.set(load.memberId, load.pick(kind, size - allowed))
  }
  return taken
}

function byLoad(kind: Kind, loads: readonly WorkerLoad[]): readonly WorkerLoad[] {
  return loads.toSorted((a, b) => a.size(kind) - b.size(kind) || compareTexts(a.memberId, b.memberId))
}
