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
  return new Map(Array.from(items, (item) => [keyOf(item), item]))
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
  const left = [...set].filter(([key]) => !others.some((other) => other.has(key)))
  return new Map(left.toSorted(([, a], [, b]) => compareItems(a, b)))
}

export function union(...sets: readonly WorkSet[]): WorkSet {
  return new Map(sets.flatMap((set) => [...set]))
}

/** As Java compares: names by UTF-16 units, then numbers. */
export function compareItems(a: WorkItem, b: WorkItem): number {
  return compareTexts(a.connector, b.connector) || a.task - b.task
}

export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
