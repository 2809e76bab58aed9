import type { Work } from './work-assignment.ts'
import { type WorkItem, compareItems, compareTexts, itemsOf, workOf } from './work-set.ts'

/**
 * Shares everything out anew: connectors, then tasks, one after another to one member after another (`EagerAssignor`). Nobody holds
 * anything when this is asked.
 */
export function assignEagerly(configured: Work, memberIds: Iterable<string>): ReadonlyMap<string, Work> {
  const members = [...memberIds].toSorted(compareTexts)
  const shares = members.map((): WorkItem[] => [])
  const connectors = itemsOf({ ...configured, tasks: [] }).toSorted(compareItems)
  const tasks = configured.tasks.toSorted(compareItems)
  for (const [i, item] of [...connectors, ...tasks].entries()) shares[i % shares.length]!.push(item)
  return new Map(members.map((memberId, i) => [memberId, workOf(shares[i]!)]))
}
