import type { TopicPartition } from '@sluice/sdk'
import type { Subscription } from '../group-port.ts'
import { byText, inOrder } from './member-order.ts'

const NOBODY = -1

/**
 * Shares partitions out evenly, and moves as few of them as that takes. Even means that no partition is with a member that has
 * two more than another one that wants its topic (Java's sticky assignors promise the same).
 *
 * What a member says to own counts if nobody says so of a later generation; if two say so of the same generation neither is
 * believed, as one of them is wrong.
 */
export function assignSticky(
  members: readonly Subscription[],
  partitionCounts: ReadonlyMap<string, number>,
): Map<string, TopicPartition[]> {
  const sharing = new Sharing(inOrder(members), partitionCounts)
  sharing.keepOwned()
  sharing.dealOut()
  sharing.even()
  return sharing.result()
}

interface Topic {
  readonly name: string
  /** By partition: the index of the member. */
  readonly owners: Int32Array
  /** Indexes of the members that want the topic. */
  readonly takers: number[]
}

class Sharing {
  readonly #members: readonly Subscription[]
  readonly #topics: Topic[]
  readonly #loads: Int32Array

  constructor(members: readonly Subscription[], partitionCounts: ReadonlyMap<string, number>) {
    this.#members = members
    this.#loads = new Int32Array(members.length)
    const wanted = members.map(({ topics }) => new Set(topics))
    // Topics that fewer members want are dealt out first, while there is a choice.
    this.#topics = Array.from(partitionCounts, ([name, count]) => ({
      name,
      owners: new Int32Array(count).fill(NOBODY),
      takers: members.flatMap((_, i) => (wanted[i]!.has(name) ? [i] : [])),
    })).toSorted((a, b) => a.takers.length - b.takers.length || byText(a.name, b.name))
  }

  keepOwned(): void {
    const byName = new Map(this.#topics.map((topic) => [topic.name, topic]))
    const generations = new Map(this.#topics.map(({ name, owners }) => [name, new Int32Array(owners.length).fill(-2)]))
    for (const [i, { ownedPartitions, generationId }] of this.#members.entries()) {
      for (const { topic: name, partition } of ownedPartitions) {
        const topic = byName.get(name)
        if (topic === undefined || partition >= topic.owners.length || !topic.takers.includes(i)) continue
        const known = generations.get(name)!
        if (generationId < known[partition]!) continue
        topic.owners[partition] = generationId > known[partition]! ? i : NOBODY
        known[partition] = generationId
      }
    }
    for (const { owners } of this.#topics) for (const owner of owners) if (owner !== NOBODY) this.#loads[owner]!++
  }

  dealOut(): void {
    for (const { owners, takers } of this.#topics) {
      if (takers.length === 0) continue
      for (const [partition, owner] of owners.entries()) {
        if (owner !== NOBODY) continue
        const taker = this.#leastLoaded(takers)
        owners[partition] = taker
        this.#loads[taker]!++
      }
    }
  }

  /** From the one that has most to the one that has least, until no step makes it more even. */
  even(): void {
    for (let isEven = false; !isEven;) {
      isEven = true
      for (const topic of this.#topics) if (topic.takers.length > 1 && this.#evenTopic(topic)) isEven = false
    }
  }

  #evenTopic({ owners, takers }: Topic): boolean {
    const held = new Map<number, number[]>(takers.map((taker) => [taker, []]))
    for (const [partition, owner] of owners.entries()) held.get(owner)!.push(partition)
    for (let moves = 0; ; moves++) {
      let giver = NOBODY
      for (const taker of takers) {
        if (held.get(taker)!.length === 0) continue
        if (giver === NOBODY || this.#loads[taker]! > this.#loads[giver]!) giver = taker
      }
      const taker = this.#leastLoaded(takers)
      if (giver === NOBODY || this.#loads[giver]! <= this.#loads[taker]! + 1) return moves > 0
      // From behind, so that the first partitions stay where they are.
      const partition = held.get(giver)!.pop()!
      held.get(taker)!.push(partition)
      owners[partition] = taker
      this.#loads[giver]!--
      this.#loads[taker]!++
    }
  }

  result(): Map<string, TopicPartition[]> {
    const shares = this.#members.map((): TopicPartition[] => [])
    for (const { name, owners } of this.#topics) {
      for (const [partition, owner] of owners.entries()) {
        if (owner !== NOBODY) shares[owner]!.push({ topic: name, partition })
      }
    }
    return new Map(this.#members.map(({ memberId }, i) => [memberId, shares[i]!]))
  }

  #leastLoaded(takers: readonly number[]): number {
    let least = takers[0]!
    for (const taker of takers) if (this.#loads[taker]! < this.#loads[least]!) least = taker
    return least
  }
}
