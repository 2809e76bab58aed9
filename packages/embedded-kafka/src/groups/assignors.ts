import type { Assignment } from './assignment.ts'

/** What an assignor knows of a member. */
export interface AssignableMember {
  readonly id: string
  readonly instanceId: string | null
  /** Ids of the topics that it subscribes to and that there are. */
  readonly topicIds: ReadonlySet<string>
  /** What it was to have until now. */
  readonly target: Assignment
}

/** Assigns all partitions of all subscribed topics. `partitionsOf` tells how many a topic has. */
export type Assignor = (
  members: readonly AssignableMember[],
  partitionsOf: (topicId: string) => number,
) => Map<string, Map<string, Set<number>>>

interface Share {
  readonly member: AssignableMember
  readonly partitions: Map<string, Set<number>>
  count: number
}

/**
 * `uniform`: nobody has more than one partition more than anybody else who could have it, and as few partitions as possible move.
 * Every member keeps what it had, what is left goes to whoever has least, and then whoever has too much gives away.
 */
const uniform: Assignor = (members, partitionsOf) => {
  const shares = members.map((member): Share => ({ member, partitions: new Map(), count: 0 }))
  const subscribers = new Map<string, Share[]>()
  for (const share of shares) {
    for (const topicId of share.member.topicIds) {
      const known = subscribers.get(topicId)
      if (known === undefined) subscribers.set(topicId, [share])
      else known.push(share)
    }
  }
  const owners = new Map<string, (Share | undefined)[]>()
  for (const topicId of subscribers.keys()) owners.set(topicId, Array.from({ length: partitionsOf(topicId) }))
  for (const share of shares) keep(share, owners)
  for (const [topicId, ofTopic] of owners) {
    const eligible = subscribers.get(topicId)!
    for (let partition = 0; partition < ofTopic.length; partition++) {
      if (ofTopic[partition] !== undefined) continue
      give((ofTopic[partition] = least(eligible)), topicId, partition)
    }
  }
  while (level(owners, subscribers)) continue
  return new Map(shares.map(({ member, partitions }) => [member.id, partitions]))
}

function keep(share: Share, owners: ReadonlyMap<string, (Share | undefined)[]>): void {
  for (const [topicId, partitions] of share.member.target) {
    const ofTopic = share.member.topicIds.has(topicId) ? owners.get(topicId) : undefined
    if (ofTopic === undefined) continue
    for (const partition of partitions) {
      if (partition >= ofTopic.length || ofTopic[partition] !== undefined) continue
      give((ofTopic[partition] = share), topicId, partition)
    }
  }
}

/** One pass that moves partitions to members with less; whether any moved. Each move makes the shares more alike, so this ends. */
function level(
  owners: ReadonlyMap<string, (Share | undefined)[]>,
  subscribers: ReadonlyMap<string, readonly Share[]>,
): boolean {
  let hasMoved = false
  for (const [topicId, ofTopic] of owners) {
    const eligible = subscribers.get(topicId)!
    let receiver = least(eligible)
    for (let partition = ofTopic.length - 1; partition >= 0; partition--) {
      const owner = ofTopic[partition]!
      if (owner.count - receiver.count < 2) continue
      owner.partitions.get(topicId)!.delete(partition)
      owner.count--
      give((ofTopic[partition] = receiver), topicId, partition)
      receiver = least(eligible)
      hasMoved = true
    }
  }
  return hasMoved
}

function give(share: Share, topicId: string, partition: number): void {
  const known = share.partitions.get(topicId)
  if (known === undefined) share.partitions.set(topicId, new Set([partition]))
  else known.add(partition)
  share.count++
}

function least(shares: readonly Share[]): Share {
  let found = shares[0]!
  for (const share of shares) if (share.count < found.count) found = share
  return found
}

/** `range`: of each topic every subscriber gets consecutive partitions, the first ones one more where they do not divide. */
const range: Assignor = (members, partitionsOf) => {
  const sorted = members.toSorted((a, b) => compare(a.instanceId ?? a.id, b.instanceId ?? b.id))
  const assigned = new Map(sorted.map(({ id }) => [id, new Map<string, Set<number>>()]))
  const topicIds = new Set(sorted.flatMap((member) => [...member.topicIds]))
  for (const topicId of topicIds) {
    const subscribers = sorted.filter((member) => member.topicIds.has(topicId))
    const count = partitionsOf(topicId)
    const each = Math.floor(count / subscribers.length)
    const extra = count % subscribers.length
    let next = 0
    for (const [i, { id }] of subscribers.entries()) {
      const size = each + (i < extra ? 1 : 0)
      if (size > 0) assigned.get(id)!.set(topicId, new Set(Array.from({ length: size }, () => next++)))
    }
  }
  return assigned
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

export const ASSIGNORS: { readonly uniform: Assignor; readonly range: Assignor } = { uniform, range }

/** By the name that members ask for; `uniform` for one that this broker does not have. */
export function assignorNamed(name: string): Assignor {
  return name === 'range' ? range : uniform
}
