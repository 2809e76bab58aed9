import assert from 'node:assert/strict'
import type { TopicPartition } from '@sluice/sdk'

export interface RandomMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly topics: readonly string[]
  readonly ownedPartitions: readonly TopicPartition[]
  readonly generationId: number
}

export interface RandomGroup {
  readonly topics: ReadonlyMap<string, number>
  readonly members: readonly RandomMember[]
}

/** Groups of members old and new, some static, with equal or different subscriptions; the same for the same seed. */
export function randomGroups(seed: number, count: number): RandomGroup[] {
  let state = seed
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  return Array.from({ length: count }, () => {
    const names = Array.from({ length: 1 + below(4) }, (_, i) => `t${String.fromCodePoint(97 + i)}`)
    const topics = new Map(names.map((name) => [name, 1 + below(9)]))
    const isEqual = below(2) === 0
    const free: TopicPartition[] = names.flatMap((topic) =>
      Array.from({ length: topics.get(topic)! }, (_, partition) => ({ topic, partition })),
    )
    const members = Array.from({ length: 1 + below(6) }, (_, i): RandomMember => {
      const some = names.filter(() => below(3) > 0)
      const wanted = isEqual || some.length === 0 ? names : some
      const isNew = below(3) === 0
      const ownedPartitions: TopicPartition[] = []
      for (let taken = isNew ? 0 : below(6); taken > 0 && free.length > 0; taken--) {
        const one = free[below(free.length)]!
        if (!wanted.includes(one.topic)) continue
        free.splice(free.indexOf(one), 1)
        ownedPartitions.push(one)
      }
      const memberId = `member-${String.fromCodePoint(122 - below(26))}-${i}`
      const instanceId = below(3) === 0 ? `instance-${below(100)}-${i}` : null
      return { memberId, instanceId, topics: wanted, ownedPartitions, generationId: isNew ? -1 : 5 }
    })
    return { topics, members }
  })
}

/** The smaller, the more even: the squares of the members' loads. */
export function unevennessOf(assignments: Readonly<Record<string, readonly string[]>>): number {
  return Object.values(assignments).reduce((sum, { length }) => sum + length ** 2, 0)
}

/** Everybody gets what it wants and nobody else has, and everything is given out, but for what moves in a cooperative round. */
export function assertValid(
  { topics, members }: RandomGroup,
  assignments: Readonly<Record<string, readonly string[]>>,
  isCooperative: boolean,
): void {
  const given = new Set<string>()
  for (const { memberId, topics: wanted } of members) {
    for (const one of assignments[memberId]!) {
      assert.ok(wanted.includes(one.split(' ')[0]!), `${memberId} does not want ${one}`)
      assert.ok(!given.has(one), `${one} is given out twice`)
      given.add(one)
    }
  }
  for (const { memberId, ownedPartitions } of members) {
    for (const { topic, partition } of ownedPartitions) {
      const one = `${topic} ${partition}`
      const isKept = assignments[memberId]!.includes(one)
      if (!isCooperative || isKept) continue
      assert.ok(!given.has(one), `${one} is given out while ${memberId} has it`)
      given.add(one)
    }
  }
  for (const [topic, count] of topics) {
    if (!members.some((member) => member.topics.includes(topic))) continue
    for (let partition = 0; partition < count; partition++) {
      assert.ok(given.has(`${topic} ${partition}`), `${topic} ${partition} is given to nobody`)
    }
  }
}

/** How many partitions are not with the member that had them. */
export function movesOf({ members }: RandomGroup, assignments: Readonly<Record<string, readonly string[]>>): number {
  let moves = 0
  for (const { memberId, ownedPartitions } of members) {
    const kept = new Set(assignments[memberId])
    for (const { topic, partition } of ownedPartitions) if (!kept.has(`${topic} ${partition}`)) moves++
  }
  return moves
}
