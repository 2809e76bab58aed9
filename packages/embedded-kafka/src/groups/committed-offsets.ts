import type { OwnRecord } from '../broker.ts'
import { groupRecord, type RecordValue } from './records.ts'

/** A committed offset of one partition. */
export interface CommittedOffset {
  readonly offset: number
  /** -1 if the client did not say it. */
  readonly leaderEpoch: number
  readonly metadata: string
  /** Milliseconds. */
  readonly commitTimestamp: number
  /** From a request with a retention of its own (before version 5); -1 without. */
  readonly expireTimestamp: number
  readonly topicId: string
  /** Where its record stands in `__consumer_offsets`: of two the later one counts. */
  readonly recordOffset: number
}

type ByPartition = Map<string, Map<number, CommittedOffset>>

export const NO_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** The committed offsets of one group, and those of open transactions. */
export class CommittedOffsets {
  readonly #committed: ByPartition = new Map()
  /** By producer: its transaction is open. */
  readonly #pending = new Map<number, ByPartition>()

  get isEmpty(): boolean {
    return this.#committed.size === 0 && this.#pending.size === 0
  }

  get topics(): ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> {
    return this.#committed
  }

  get(topic: string, partition: number): CommittedOffset | undefined {
    return this.#committed.get(topic)?.get(partition)
  }

  set(topic: string, partition: number, offset: CommittedOffset): void {
    put(this.#committed, topic, partition, offset)
  }

  /** Forgets a partition, in open transactions too. */
  delete(topic: string, partition: number): void {
    drop(this.#committed, topic, partition)
    for (const [producerId, offsets] of this.#pending) {
      drop(offsets, topic, partition)
      if (offsets.size === 0) this.#pending.delete(producerId)
    }
  }

  setPending(producerId: number, topic: string, partition: number, offset: CommittedOffset): void {
    let offsets = this.#pending.get(producerId)
    if (offsets === undefined) this.#pending.set(producerId, (offsets = new Map()))
    put(offsets, topic, partition, offset)
  }

  /** Whether a transaction that is open will say something about this partition. */
  isUnstable(topic: string, partition: number): boolean {
    for (const offsets of this.#pending.values()) if (offsets.get(topic)?.has(partition) === true) return true
    return false
  }

  /** All partitions of a topic that are known here, of open transactions too. */
  partitions(topic: string): Set<number> {
    const partitions = new Set(this.#committed.get(topic)?.keys())
    for (const offsets of this.#pending.values()) {
      for (const partition of offsets.get(topic)?.keys() ?? []) partitions.add(partition)
    }
    return partitions
  }

  pendingTopics(): Set<string> {
    const topics = new Set<string>()
    for (const offsets of this.#pending.values()) for (const topic of offsets.keys()) topics.add(topic)
    return topics
  }

  /** A producer's transaction has ended: what it committed counts unless something later was written. */
  end(producerId: number, isCommitted: boolean): void {
    const offsets = this.#pending.get(producerId)
    if (offsets === undefined) return
    this.#pending.delete(producerId)
    if (!isCommitted) return
    for (const [topic, partitions] of offsets) {
      for (const [partition, offset] of partitions) {
        const known = this.get(topic, partition)
        if (known === undefined || offset.recordOffset > known.recordOffset) this.set(topic, partition, offset)
      }
    }
  }

  /** The records that forget partitions of a topic: all that are known, or the given ones. */
  tombstones(group: string, topic: string, only?: ReadonlySet<number>): OwnRecord[] {
    const records: OwnRecord[] = []
    for (const partition of this.partitions(topic)) {
      if (only?.has(partition) !== false) records.push(groupRecord('offset', { group, topic, partition }, null))
    }
    return records
  }
}

/** How an offset is written. Version 1 is the only one with an expiry of its own. */
export function offsetRecord(group: string, topic: string, partition: number, offset: CommittedOffset): OwnRecord {
  return groupRecord('offset', { group, topic, partition }, offset, offset.expireTimestamp === -1 ? 4 : 1)
}

export function readOffset(value: RecordValue<'offset'>, recordOffset: number): CommittedOffset {
  return {
    offset: Number(value.offset),
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitTimestamp: Number(value.commitTimestamp),
    expireTimestamp: Number(value.expireTimestamp),
    topicId: value.topicId,
    recordOffset,
  }
}

function put(offsets: ByPartition, topic: string, partition: number, offset: CommittedOffset): void {
  const partitions = offsets.get(topic)
  if (partitions === undefined) offsets.set(topic, new Map([[partition, offset]]))
  else partitions.set(partition, offset)
}

function drop(offsets: ByPartition, topic: string, partition: number): void {
  const partitions = offsets.get(topic)
  if (partitions?.delete(partition) === true && partitions.size === 0) offsets.delete(topic)
}
