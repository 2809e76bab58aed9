import { CONNECTOR } from './protocol.ts'
import type { Work } from './work-assignment.ts'

/** A connector's instance (task -1), or one of its tasks. */
export interface WorkItem {
  readonly connector: string
  readonly task: number
}

/** Work to reckon with: each item once, found by its key. */
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
  const left: [key: string, item: WorkItem][] = []
  let isInOrder = true
  for (const entry of set) {
    if (isIn(others, entry[0])) continue
    const last = left.at(-1)
    isInOrder &&= last === undefined || compareItems(last[1], entry[1]) <= 0
    left.push(entry)
  }
  return new Map(isInOrder ? left : left.toSorted(([, a], [, b]) => compareItems(a, b)))
}

export function union(...sets: readonly WorkSet[]): WorkSet {
  const all = new Map<string, WorkItem>()
  for (const set of sets) for (const [key, item] of set) all.set(key, item)
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
