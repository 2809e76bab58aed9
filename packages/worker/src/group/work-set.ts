import { CONNECTOR } from './protocol.ts'
import type { Work } from './work-assignment.ts'

/** A connector's instance (task -1), or one of its tasks. */
export interface WorkItem {
  readonly connector: string
  readonly task: number
}

/** Work to reckon with: each item once, found by its key. Gone through by `forEach`, which makes no garbage, because there may be thousands. */
export type WorkSet = ReadonlyMap<string, WorkItem>

export type Kind = 'connectors' | 'tasks'

/** Unambiguous: what follows the first slash is the whole name. */
export function keyOf({ connector, task }: WorkItem): string {
  return `${task}/${connector}`
}

export function kindOf({ task }: WorkItem): Kind {
  return task === CONNECTOR ? 'connectors' : 'tasks'
}

export function setOf(items: Iterable<WorkItem>): WorkSet {
  const set = new Map<string, WorkItem>()
  for (const item of items) set.set(keyOf(item), item)
  return set
}

/** Connectors first; the order within is kept. */
export function itemsOf({ connectors, tasks }: Work): readonly WorkItem[] {
  return [...connectors.map((connector) => ({ connector, task: CONNECTOR })), ...tasks]
}

export function workOf(items: readonly WorkItem[]): Work {
  return {
    connectors: items.filter(({ task }) => task === CONNECTOR).map(({ connector }) => connector),
    tasks: items.filter(({ task }) => task !== CONNECTOR),
  }
}

/** What is in the set and in none of the others; in the order of names and numbers. */
export function without(set: WorkSet, ...others: readonly WorkSet[]): WorkSet {
  const left = new Map<string, WorkItem>()
  let isInOrder = true
  let last: WorkItem | undefined
  set.forEach((item, key) => {
    if (isIn(others, key)) return
    isInOrder &&= last === undefined || compareItems(last, item) <= 0
    last = item
    left.set(key, item)
  })
  return isInOrder ? left : new Map([...left].toSorted(([, a], [, b]) => compareItems(a, b)))
}

/** What is in both, as the first has it. */
export function both(set: WorkSet, other: WorkSet): Map<string, WorkItem> {
  const found = new Map<string, WorkItem>()
  set.forEach((item, key) => {
    if (other.has(key)) found.set(key, item)
  })
  return found
}

export function union(...sets: readonly WorkSet[]): WorkSet {
  const all = new Map<string, WorkItem>()
  for (const set of sets) set.forEach((item, key) => all.set(key, item))
  return all
}

function isIn(sets: readonly WorkSet[], key: string): boolean {
  for (const set of sets) if (set.has(key)) return true
  return false
}

/** As Java compares: names by UTF-16 units, then numbers. */
export function compareItems(a: WorkItem, b: WorkItem): number {
  return compareTexts(a.connector, b.connector) || a.task - b.task
}

export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
