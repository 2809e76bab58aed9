import { ClassicGroup } from './classic-group.ts'
import { type CommittedOffset, CommittedOffsets, readOffset } from './committed-offsets.ts'
import { ConsumerGroup } from './consumer-group.ts'
import type { Group, GroupContext } from './group.ts'
import type { OffsetsReader } from './offsets-topic.ts'
import type { GroupRecord } from './records.ts'

/** All groups and their offsets, as the records of `__consumer_offsets` say. */
export class GroupRegistry implements OffsetsReader {
  readonly #context: GroupContext
  readonly #groups = new Map<string, Group>()
  readonly #offsets = new Map<string, CommittedOffsets>()
  /** By partition of the topic and producer: the groups that its open transaction has offsets of. */
  readonly #open = new Map<number, Map<number, Set<string>>>()

  constructor(context: GroupContext) {
    this.#context = context
  }

  get(id: string): Group | undefined {
    return this.#groups.get(id)
  }

  all(): Iterable<Group> {
    return this.#groups.values()
  }

  /** The classic group of this id, new when there is none. The caller looks that there is no other. */
  classic(id: string): ClassicGroup {
    const known = this.#groups.get(id)
    if (known instanceof ClassicGroup) return known
    const group = new ClassicGroup(id, this.#context)
    this.replace(group)
    return group
  }

  consumer(id: string): ConsumerGroup {
    const known = this.#groups.get(id)
    if (known instanceof ConsumerGroup) return known
    const group = new ConsumerGroup(id, this.#context)
    this.replace(group)
    return group
  }

  /** Puts a group in the place of the one that has its id. */
  replace(group: Group): void {
    this.#groups.get(group.id)?.close()
    this.#groups.set(group.id, group)
  }

  /** Forgets the group; its offsets stay. */
  remove(id: string): void {
    this.#groups.get(id)?.close()
    this.#groups.delete(id)
  }

  /** Those of a group, whether it has any or not. */
  offsets(id: string): CommittedOffsets {
    return this.#offsets.get(id) ?? new CommittedOffsets()
  }

  committed(id: string, topic: string, partition: number, offset: CommittedOffset): void {
    this.#ownOffsets(id).set(topic, partition, offset)
  }

  /** A producer has committed this in its open transaction. */
  pending(
    id: string,
    where: { readonly topic: string; readonly partition: number; readonly offsetsPartition: number },
    producerId: number,
    offset: CommittedOffset,
  ): void {
    this.#ownOffsets(id).setPending(producerId, where.topic, where.partition, offset)
    let producers = this.#open.get(where.offsetsPartition)
    if (producers === undefined) this.#open.set(where.offsetsPartition, (producers = new Map()))
    const groups = producers.get(producerId)
    if (groups === undefined) producers.set(producerId, new Set([id]))
    else groups.add(id)
  }

  forgetOffset(id: string, topic: string, partition: number): void {
    const offsets = this.#offsets.get(id)
    offsets?.delete(topic, partition)
    if (offsets?.isEmpty === true) this.#offsets.delete(id)
  }

  transactionEnded(offsetsPartition: number, producerId: number, isCommitted: boolean): void {
    const producers = this.#open.get(offsetsPartition)
    const groups = producers?.get(producerId)
    if (groups === undefined) return
    producers!.delete(producerId)
    for (const id of groups) {
      const offsets = this.#offsets.get(id)
      offsets?.end(producerId, isCommitted)
      if (offsets?.isEmpty === true) this.#offsets.delete(id)
    }
  }

  /** One record of the topic, read back. */
  record(record: GroupRecord, recordOffset: number, offsetsPartition: number, producerId: number | null): void {
    if (record.kind === 'offset') {
      const { group, topic, partition } = record.key
      if (record.value === null) return this.forgetOffset(group, topic, partition)
      if (!this.#groups.has(group)) this.classic(group)
      const offset = readOffset(record.value, recordOffset)
      if (producerId === null) this.committed(group, topic, partition, offset)
      else this.pending(group, { topic, partition, offsetsPartition }, producerId, offset)
    } else if (record.kind === 'classicGroup') {
      if (record.value === null) this.#removeOf('classic', record.key.group)
      else this.classic(record.key.group).restore(record.value)
    } else if (record.kind === 'groupEpoch' && record.value === null) {
      this.#removeOf('consumer', record.key.groupId)
    } else if (record.value !== null || this.#groups.get(record.key.groupId)?.type === 'consumer') {
      this.consumer(record.key.groupId).restore(record)
    }
  }

  clear(): void {
    for (const group of this.#groups.values()) group.close()
    this.#groups.clear()
    this.#offsets.clear()
    this.#open.clear()
  }

  #ownOffsets(id: string): CommittedOffsets {
    let offsets = this.#offsets.get(id)
    if (offsets === undefined) this.#offsets.set(id, (offsets = new CommittedOffsets()))
    return offsets
  }

  #removeOf(type: Group['type'], id: string): void {
    if (this.#groups.get(id)?.type === type) this.remove(id)
  }
}
