import type { Subscription } from '../group-port.ts'

/** The order in which Java's assignors serve members: static ones first, by instance id, then the others by member id. */
export function inOrder(members: readonly Subscription[]): Subscription[] {
  return members.toSorted((a, b) => {
    if (a.instanceId === null && b.instanceId === null) return byText(a.memberId, b.memberId)
    if (a.instanceId === null) return 1
    return b.instanceId === null ? -1 : byText(a.instanceId, b.instanceId)
  })
}

/** The order of Java's String: by UTF-16 code units. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
